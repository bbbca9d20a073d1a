//! The server's or the client's loop in three languages; the line that made
//! the current call is highlighted.

use protocol::auth::Scheme;
use protocol::peer::Reply;
use protocol::{Framing, System};
use trace::{End, Experiment};
use web_sys::{Element, HtmlElement};

use crate::app::{CodeLanguage, Message, Role, State};
use crate::catalog::{self, CodeLine};
use crate::dom::{self, Dispatch, Listener, Missing, Template};

pub(super) struct Code {
    panel: HtmlElement,
    listing: Element,
    scroll: HtmlElement,
    line: Template,
    roles: Vec<Element>,
    tabs: Vec<Element>,
    lines: Vec<(CodeLine, HtmlElement)>,
    shown: Option<(&'static str, Role, CodeLanguage)>,
    current: Option<usize>,
    /// Another line is highlighted than the one last brought into sight.
    moved: bool,
    _listeners: [Listener; 2],
}

impl Code {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let title: Element = dom::find("code-title")?;
        let role = |value: &str| {
            Some(Message::CodeRole(match value {
                "server" => Role::Server,
                _ => Role::Client,
            }))
        };
        let tab = |value: &str| {
            Some(Message::CodeTab(match value {
                "rs" => CodeLanguage::Rust,
                "c" => CodeLanguage::C,
                _ => CodeLanguage::Python,
            }))
        };
        Ok(Self {
            _listeners: [
                dom::on_click(&title, "data-role", dispatch, role),
                dom::on_click(&title, "data-code", dispatch, tab),
            ],
            panel: dom::find("code-panel")?,
            listing: dom::find("code")?,
            scroll: dom::find("code-scroll")?,
            line: Template::find("code-line")?,
            roles: dom::all("[data-role]"),
            tabs: dom::all("[data-code]"),
            lines: Vec::new(),
            shown: None,
            current: None,
            moved: false,
        })
    }

    pub(super) fn show(&mut self, state: &State) {
        let role = match state.role() {
            Role::Server => "server",
            Role::Client => "client",
        };
        for (buttons, attribute, chosen) in [
            (&self.roles, "data-role", role),
            (&self.tabs, "data-code", catalog::ending(state.code())),
        ] {
            for button in buttons {
                let own = button.get_attribute(attribute);
                dom::set_bool(button, "aria-pressed", own.as_deref() == Some(chosen));
            }
        }
        let plan = state.trace().map(|trace| trace.plan.as_ref());
        let experiment = plan.flatten().unwrap_or_else(|| state.experiment());
        let wanted = (snippet(experiment), state.role(), state.code());
        if self.shown != Some(wanted) {
            self.shown = Some(wanted);
            self.build(&catalog::code(wanted.0, wanted.1, wanted.2));
        }
        // The code of somebody's own programs is not known; not every framing has code.
        let is_known = plan != Some(None) && !self.lines.is_empty();
        dom::set_shown(&self.panel, is_known);
        let current = self.find(state);
        if current != self.current {
            if let Some((_, line)) = self.current.and_then(|index| self.lines.get(index)) {
                let _ = line.remove_attribute("aria-current");
            }
            if let Some((_, line)) = current.and_then(|index| self.lines.get(index)) {
                dom::set(line, "aria-current", "true");
                self.moved = true;
            }
            self.current = current;
        }
    }

    fn build(&mut self, lines: &[CodeLine]) {
        dom::clear(&self.listing);
        self.current = None;
        let made = lines.iter().map(|line| {
            let element: HtmlElement = self.line.clone_as();
            dom::set_text(&element, line.text);
            let _ = self.listing.append_child(&element);
            (*line, element)
        });
        self.lines = made.collect();
    }

    /// The line that made the current call, if its program is the one shown.
    fn find(&self, state: &State) -> Option<usize> {
        let (index, event) = state.current()?;
        if event.call.is_packet() {
            // The kernel sent it: no line of a program did.
            return None;
        }
        let by_server = event.end == End::Acceptor;
        if by_server != (state.role() == Role::Server) {
            return None;
        }
        let call = event.call.name();
        let marked = |mark: &str| self.lines.iter().position(|(line, _)| line.is_marked(mark));
        let role = state.analysis().role(state.trace()?, index);
        role.and_then(|role| marked(&[call, ".", role].concat()))
            .or_else(|| marked(call))
    }

    /// Brings the highlighted line into sight.
    pub(super) fn scroll(&mut self) {
        let line = self.current.and_then(|index| self.lines.get(index));
        let Some((_, line)) = line.filter(|_| std::mem::take(&mut self.moved)) else {
            return;
        };
        let panel = self.scroll.get_bounding_client_rect();
        let line = line.get_bounding_client_rect();
        if line.top() < panel.top() || line.bottom() > panel.bottom() {
            let middle = f64::midpoint(panel.top(), panel.bottom());
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a panel")]
            let by = (line.top() - middle).round() as i32;
            self.scroll.set_scroll_top(self.scroll.scroll_top() + by);
        }
    }
}

/// Which snippet shows what these programs do: a stream's is named by its
/// framing, whichever system the knobs started from.
fn snippet(experiment: &Experiment) -> &'static str {
    let rules = experiment.rules();
    match (experiment.system, &rules.framing) {
        (System::Auth, _) if rules.scheme == Scheme::MutualSha256 => "mutual",
        (System::UdpEcho | System::Auth | System::Framed, _) => experiment.system.name(),
        (_, Framing::None) if rules.reply == Reply::None => "sink",
        (_, Framing::None) => System::TcpEcho.name(),
        (_, framing) => framing.name(),
    }
}
