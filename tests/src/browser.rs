//! A headless Chromium of one's own, driven through ChromeDriver.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::{ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver};

use crate::program::installed;
use crate::{Program, eventually, http};

/// What keeps it from waiting for a screen, a sandbox or the network.
const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Proxies in the tests have certificates that nobody signed.
    "--ignore-certificate-errors",
];

/// How long one script may take.
const SCRIPT: Duration = Duration::from_mins(5);

/// A desktop's window.
pub const DESKTOP: (u32, u32) = (1440, 900);
/// A telephone's.
pub const PHONE: (u32, u32) = (390, 844);

/// A browser that ends with the test: first its session, then ChromeDriver,
/// then its profile.
#[derive(Debug)]
pub struct Browser {
    /// Taken only when the browser ends.
    session: Option<WebDriver>,
    chromedriver: SocketAddr,
    _process: Program,
    profile: TempDir,
}

impl Browser {
    /// A desktop browser whose user reads English.
    pub async fn start() -> Self {
        Self::with(DESKTOP, "en-US").await
    }

    /// A browser that shows `size` pixels to a user who reads `language`.
    pub async fn with(size: (u32, u32), language: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let (process, port) = chromedriver(&profile);

        let mut wanted = DesiredCapabilities::chrome();
        let language = format!("--accept-lang={language}");
        let all = ARGUMENTS.iter().copied().chain([&language[..]]);
        for argument in all {
            wanted.add_arg(argument).expect("a flag");
        }
        let binary = installed("CHROME", "chromium");
        let binary = binary.to_str().expect("a plain path");
        wanted.set_binary(binary).expect("a path");
        // The page's own size: a headless window has a frame, too.
        let (width, height) = size;
        let metrics = json!({"deviceMetrics": {
            "width": width, "height": height, "pixelRatio": 1.0, "mobile": false, "touch": false,
        }});
        wanted
            .add_experimental_option("mobileEmulation", metrics)
            .expect("an option");
        wanted
            .set_browser_log_level(LoggingPrefsLogLevel::All)
            .expect("a level");
        let chromedriver = SocketAddr::from(([127, 0, 0, 1], port));
        let session = WebDriver::new(format!("http://{chromedriver}"), wanted).await;
        let session = session.unwrap_or_else(|error| {
            panic!("no browser: {error}\n{}", process.out.all().join("\n"));
        });
        // A script may step through a whole run on a busy machine.
        let patient = session.set_script_timeout(SCRIPT).await;
        patient.expect("a time limit");
        // Without a window the browser refuses downloads until told where they go.
        let place = json!({"behavior": "allow", "downloadPath": downloads(&profile)});
        session
            .cdp()
            .send_raw("Browser.setDownloadBehavior", place)
            .await
            .expect("a folder for downloads");
        Self {
            session: Some(session),
            chromedriver,
            _process: process,
            profile,
        }
    }

    /// The session.
    pub fn driver(&self) -> &WebDriver {
        self.session.as_ref().expect("it is taken only at the end")
    }

    /// Shows another number of pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        let sized = self
            .driver()
            .cdp()
            .send_raw("Emulation.setDeviceMetricsOverride", size)
            .await;
        sized.expect("another size");
    }

    /// A file that it downloads, once it has all of it: a browser with a window gives it
    /// its name then, one without writes it where it stands.
    pub fn downloaded(&self, name: &str) -> PathBuf {
        let path = downloads(&self.profile).join(name);
        let mut former = 0;
        eventually(name, || {
            let length = std::fs::metadata(&path).map_or(0, |file| file.len());
            let is_whole = length > 0 && length == former;
            former = length;
            is_whole.then_some(())
        });
        path
    }

    /// What the console has complained about since the last time.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.driver().browser_log().await.expect("a log");
        let bad = |level: &str| matches!(level, "WARNING" | "SEVERE");
        let log = log.into_iter().filter(|entry| bad(&entry.level));
        log.map(|entry| entry.message).collect()
    }
}

impl Drop for Browser {
    /// Closes the session, also where a test has failed: thirtyfour's own way
    /// needs the runtime that is busy dropping this.
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            let path = format!("/session/{}", session.session_id());
            // Where nobody answers any more there is nothing left to close.
            let _ = http::send(self.chromedriver, "DELETE", &path, &[]);
            let _ = session.leak();
        }
    }
}

fn downloads(profile: &TempDir) -> PathBuf {
    profile.path().join("downloads")
}

/// ChromeDriver, which makes the browser's profile in a folder (chrome-headless-shell does
/// not start with a profile of ours), and the port it has chosen. It takes one that is free for
/// IPv6 and gives up if somebody has it for IPv4: then it chooses again.
fn chromedriver(profile: &TempDir) -> (Program, u16) {
    const STARTED: &str = "ChromeDriver was started successfully on port ";
    const TAKEN: &str = "IPv4 port not available";
    for _ in 0..10 {
        let mut command = Command::new(installed("CHROMEDRIVER", "chromedriver"));
        let process = Program::start(command.arg("--port=0").env("TMPDIR", profile.path()));
        let line = process.out.wait_for(STARTED, |line| {
            line.starts_with(STARTED) || line.starts_with(TAKEN)
        });
        if let Some(port) = line.strip_prefix(STARTED) {
            let port = port.trim_end_matches('.').parse().expect("a port");
            return (process, port);
        }
    }
    panic!("ChromeDriver found no free port");
}
