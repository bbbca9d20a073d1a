//! Elements of `static/index.html` by id, clones of its templates, listeners
//! that unregister when dropped. Makes no markup of its own.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::{
    AddEventListenerOptions, Blob, Document, Element, EventTarget, HtmlAnchorElement,
    HtmlCanvasElement, HtmlElement, HtmlTemplateElement, ResizeObserver, ScrollBehavior,
    ScrollIntoViewOptions, ScrollLogicalPosition, Url, Window,
};

use crate::app::Message;

/// Hands a message to the page.
pub type Dispatch = Rc<dyn Fn(Message)>;

/// The markup lacks what the program binds to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl Missing {
    /// Names what is missing.
    pub fn of(what: &str) -> Self {
        Self(what.to_owned())
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the page has no {}", self.0)
    }
}

impl From<Missing> for JsValue {
    fn from(missing: Missing) -> Self {
        js_sys::Error::new(&missing.to_string()).into()
    }
}

/// The window.
///
/// # Panics
/// Outside of a browser's page.
pub fn window() -> Window {
    web_sys::window().expect("the program runs in a page")
}

/// The document.
///
/// # Panics
/// Outside of a browser's page.
pub fn document() -> Document {
    window().document().expect("a page has a document")
}

/// The element with this id.
pub fn find<T: JsCast>(id: &str) -> Result<T, Missing> {
    let found = document().get_element_by_id(id);
    found
        .and_then(|element| element.dyn_into().ok())
        .ok_or_else(|| Missing(["#", id].concat()))
}

/// All elements that match `selector`.
pub fn all<T: JsCast>(selector: &str) -> Vec<T> {
    let Ok(nodes) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..nodes.length())
        .filter_map(|index| nodes.item(index)?.dyn_into().ok())
        .collect()
}

/// The first descendant of `parent` that matches `selector`.
pub fn within<T: JsCast>(parent: &Element, selector: &str) -> Result<T, Missing> {
    let found = parent.query_selector(selector).ok().flatten();
    found
        .and_then(|element| element.dyn_into().ok())
        .ok_or_else(|| Missing(selector.to_owned()))
}

/// A template's only element, to be cloned.
pub struct Template(Element);

impl Template {
    /// The template with this id.
    pub fn find(id: &str) -> Result<Self, Missing> {
        let template: HtmlTemplateElement = find(id)?;
        let first = template.content().first_element_child();
        first
            .map(Self)
            .ok_or_else(|| Missing(["element in template #", id].concat()))
    }

    /// A fresh copy.
    ///
    /// # Panics
    /// Never: an element's clone is an element of its kind.
    pub fn clone_as<T: JsCast>(&self) -> T {
        let copy = self.0.clone_node_with_deep(true);
        copy.ok()
            .and_then(|node| node.dyn_into().ok())
            .expect("a template's clone is what its markup says")
    }
}

/// Sets an element's text unless it stands there already.
pub fn set_text(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}

/// Sets an attribute unless it has that value already.
pub fn set(element: &Element, name: &str, value: &str) {
    if element.get_attribute(name).as_deref() != Some(value) {
        // Only an invalid name fails; they are all written out in the views.
        let _ = element.set_attribute(name, value);
    }
}

/// Sets `name="true"` or `name="false"`.
pub fn set_bool(element: &Element, name: &str, value: bool) {
    set(element, name, if value { "true" } else { "false" });
}

/// Says in which language an element's text is, where that is not the page's.
pub fn set_language(element: &Element, tag: Option<&str>) {
    match tag {
        Some(tag) => set(element, "lang", tag),
        // Removing what is not there does not fail.
        None => drop(element.remove_attribute("lang")),
    }
}

/// Shows or hides an element.
pub fn set_shown(element: &HtmlElement, shown: bool) {
    if element.hidden() == shown {
        element.set_hidden(!shown);
    }
}

/// Scrolls an element to this place of the window.
pub fn scroll_to(element: &Element, place: ScrollLogicalPosition, smoothly: bool) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(place);
    options.set_behavior(if smoothly {
        ScrollBehavior::Smooth
    } else {
        ScrollBehavior::Instant
    });
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Gives an element the focus without scrolling to it.
pub fn focus_in_place(element: &HtmlElement) {
    let options = js_sys::Object::new();
    // Setting a field of a plain object and calling what every element has do not fail.
    let _ = js_sys::Reflect::set(&options, &"preventScroll".into(), &JsValue::TRUE);
    if let Ok(focus) = js_sys::Reflect::get(element, &"focus".into()) {
        let focus: &js_sys::Function = focus.unchecked_ref();
        let _ = focus.call1(element, &options);
    }
}

/// Removes all children.
pub fn clear(element: &Element) {
    element.set_text_content(None);
}

/// A listener that unregisters when dropped.
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
    closure: Closure<dyn FnMut(web_sys::Event)>,
}

/// Tells of an element's size until it is dropped.
pub struct SizeObserver {
    observer: ResizeObserver,
    _told: Closure<dyn FnMut()>,
}

impl SizeObserver {
    /// Calls `told` once, and each time that the element has another size.
    pub fn new(element: &Element, told: impl FnMut() + 'static) -> Result<Self, Missing> {
        let told = Closure::<dyn FnMut()>::new(told);
        let observer = ResizeObserver::new(told.as_ref().unchecked_ref())
            .map_err(|_| Missing::of("ResizeObserver"))?;
        observer.observe(element);
        Ok(Self {
            observer,
            _told: told,
        })
    }
}

impl Drop for SizeObserver {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        // It was added with the same arguments, so there is nothing to fail.
        let _ = self
            .target
            .remove_event_listener_with_callback(self.kind, function);
    }
}

/// Calls `handle` with each event of this kind as long as the listener lives.
pub fn listen<E: JsCast>(
    target: &EventTarget,
    kind: &'static str,
    mut handle: impl FnMut(E) + 'static,
) -> Listener {
    add(
        target,
        kind,
        Box::new(move |event| handle(event.unchecked_into())),
    )
}

/// Not generic: closures of many types would make as many copies of all this.
fn add(
    target: &EventTarget,
    kind: &'static str,
    handle: Box<dyn FnMut(web_sys::Event)>,
) -> Listener {
    let closure = Closure::wrap(handle);
    let options = AddEventListenerOptions::new();
    options.set_passive(false);
    // Fails only for a null callback.
    let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
        kind,
        closure.as_ref().unchecked_ref(),
        &options,
    );
    Listener {
        target: target.clone(),
        kind,
        closure,
    }
}

/// Dispatches what `message` makes of each click on a descendant of `parent`
/// (or itself) that has this attribute; it is given the attribute's value.
pub fn on_click(
    parent: &Element,
    attribute: &'static str,
    dispatch: &Dispatch,
    message: impl Fn(&str) -> Option<Message> + 'static,
) -> Listener {
    let dispatch = dispatch.clone();
    let selector = ["[", attribute, "]"].concat();
    listen(parent, "click", move |event: web_sys::MouseEvent| {
        let hit = target_within(&event, &selector);
        let value = hit.and_then(|hit| hit.get_attribute(attribute));
        if let Some(message) = value.and_then(|value| message(&value)) {
            dispatch(message);
        }
    })
}

/// The element at which an event happened, or the nearest around it, that matches.
pub fn target_within(event: &web_sys::Event, selector: &str) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest(selector).ok().flatten()
}

/// Whether the focus goes from where an event tells that it was lost to something within
/// `frame`.
pub fn goes_within(event: &web_sys::Event, frame: &Element) -> bool {
    let next = js_sys::Reflect::get(event, &"relatedTarget".into()).ok();
    let next = next.and_then(|next| next.dyn_into::<Element>().ok());
    next.is_some_and(|next| frame.contains(Some(&next)))
}

/// Calls `done` when `promise` is settled: with its value, or with none.
pub fn settled(promise: &Promise, done: impl FnOnce(Option<JsValue>) + 'static) {
    // One of the two is called, once.
    let done = Rc::new(Cell::new(Some(done)));
    let failed = done.clone();
    let kept = Closure::once_into_js(move |value: JsValue| {
        if let Some(done) = done.take() {
            done(Some(value));
        }
    });
    let refused = Closure::once_into_js(move |_: JsValue| {
        if let Some(done) = failed.take() {
            done(None);
        }
    });
    if let Ok(then) = js_sys::Reflect::get(promise, &"then".into()) {
        let then: &js_sys::Function = then.unchecked_ref();
        let _ = then.call2(promise, &kept, &refused);
    }
}

/// Copies `text`, and tells whether it was: only pages over HTTPS or on this
/// machine may (Clipboard API).
pub fn copy(text: &str, done: impl FnOnce(bool) + 'static) {
    let clipboard = window().navigator().clipboard();
    if clipboard.is_undefined() {
        return done(false);
    }
    settled(&clipboard.write_text(text), move |copied| {
        done(copied.is_some());
    });
}

/// How long a file that is given to the user stays in memory, in milliseconds:
/// some browsers fetch it only after the click.
const KEPT_MS: i32 = 10_000;

/// Gives bytes to the user as a file of this name.
pub fn save(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    save_blob(name, &Blob::new_with_u8_array_sequence(&parts)?)
}

/// Gives what is on a canvas to the user as a PNG file of this name, and tells
/// whether the browser had the memory for it.
pub fn save_png(name: String, canvas: &HtmlCanvasElement, done: impl FnOnce(bool) + 'static) {
    let encoded = Closure::once_into_js(move |blob: JsValue| {
        // Null if it could not be encoded.
        let blob = blob.dyn_into::<Blob>();
        done(blob.is_ok_and(|blob| save_blob(&name, &blob).is_ok()));
    });
    // Fails only for a canvas that holds pictures of other origins.
    let _ = canvas.to_blob(encoded.unchecked_ref());
}

fn save_blob(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    let class = js_sys::Reflect::get(&window(), &"URL".into())?;
    let revoke = js_sys::Reflect::get(&class, &"revokeObjectURL".into())?;
    window().set_timeout_with_callback_and_timeout_and_arguments_1(
        revoke.unchecked_ref(),
        KEPT_MS,
        &url.into(),
    )?;
    Ok(())
}
