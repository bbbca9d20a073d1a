use super::*;

/// What is written again of what was read.
fn check(text: &str, expected: &str) {
    let link = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let written = link
        .as_ref()
        .map_or_else(String::new, LinkSettings::to_string);
    assert_eq!(written, expected, "{text}");
    assert_eq!(parse(&written), Ok(link), "{text}");
}

fn check_refused(text: &str, expected: &str) {
    let error = parse(text).expect_err(text).to_string();
    assert!(error.contains(expected), "{text}: {error}");
}

#[test]
fn links_are_read_and_written() {
    check("", "");
    check("this-machine", "");
    check("mtu=1500", "mtu=1500");
    check("rtt=40ms,loss=1%", "rtt=40ms,loss=1%");
    check(" loss = 1 % , rtt = 40 ms ", "rtt=40ms,loss=1%");
    check("rtt=2s", "rtt=2s");
    check("rtt=0.5ms", "rtt=0.5ms");
    check("rtt=250us,jitter=10µs", "rtt=0.25ms,jitter=0.01ms");
    check("rtt=1ns", "rtt=0.000001ms");
    check("delay=20ms", "rtt=40ms");
    check("delay=30ms/10ms", "delay=30ms/10ms");
    check("loss=2%/0", "loss=2%/0%");
    check("loss=0.0001%", "loss=0.0001%");
    check("rate=20Mbit,queue=7", "rate=20Mbit,queue=7");
    check("rate=20mbit/s", "rate=20Mbit");
    check("rate=1.5Gbit/512kbit", "rate=1.5Gbit/512kbit");
    check("rate=unlimited", "mtu=1500");
    check("rate=123456789bit", "rate=123456789bit");
    check("seed=9,mtu=576", "mtu=576,seed=9");
    check("seed=18446744073709551615", "seed=18446744073709551615");
    check("ocean,loss=0,rate=unlimited,jitter=0", "rtt=180ms");
    for preset in Preset::ALL {
        let description = preset.description().unwrap_or_default();
        check(preset.name(), description);
    }
}

#[test]
fn what_describes_no_link_is_refused_with_what_would() {
    check_refused("nonsense", "a link has no \"nonsense\"");
    check_refused("speed=3", "a link has no \"speed=3\"");
    check_refused("loss=1%,ocean", "a link has no \"ocean\"");
    check_refused("this-machine,loss=1%", "it has no settings");
    check_refused("loss=101%", "loss can't be \"101%\": it takes a share");
    check_refused("loss=-1%", "loss can't be");
    check_refused("loss=1", "loss can't be \"1\": it takes a share");
    check_refused("loss=0.01", "loss can't be");
    check_refused("loss=1%/2", "loss can't be");
    check_refused("loss=%", "loss can't be");
    check_refused("rtt=1ms,rtt=2ms", "rtt is there twice: give it once");
    check_refused("ocean,loss=1%,rate=1Mbit,loss=1%", "loss is there twice");
    check_refused("delay=1ms,rtt=2ms", "delay (or rtt) is there twice");
    check_refused("loss=0.00001%", "loss can't be");
    check_refused("loss=1%/2%/3%", "loss can't be");
    check_refused("rtt=40", "rtt can't be \"40\": it takes a time");
    check_refused("rtt=11s", "rtt can't be");
    check_refused("jitter=1.05ns", "jitter can't be");
    check_refused("rtt=1ms/2ms", "rtt is one for both ways");
    check_refused("delay=5.1s", "delay can't be");
    check_refused("rate=20", "rate can't be");
    check_refused("rate=1kbit", "rate can't be");
    check_refused("rate=99999999999999999999Gbit", "rate can't be");
    check_refused(
        "queue=0",
        "queue can't be \"0\": it takes 1 to 10,000 packets",
    );
    check_refused("queue=10001", "queue can't be");
    check_refused(
        "mtu=575",
        "mtu can't be \"575\": it takes 576 to 65,535 bytes",
    );
    check_refused("mtu=65536", "mtu can't be");
    check_refused("seed=x", "seed can't be");
    check_refused(
        &format!("loss={}", "9".repeat(1_000)),
        "loss can't be \"9999",
    );
}

#[test]
fn a_refused_value_changes_nothing() {
    let mut link: LinkSettings = "loss=1%".parse().unwrap();
    let before = link.clone();
    link.set(Part::Loss, "2%/x").unwrap_err();
    assert_eq!(link, before);
}

#[test]
fn a_link_is_a_text_or_a_table() {
    let read = |json: &str| serde_json::from_str::<LinkSettings>(json).map(|link| link.to_string());
    assert_eq!(read("\"rtt=40ms\"").unwrap(), "rtt=40ms");
    let table = r#"{"mtu":576,"loss":"1%","preset":"lan","rate":"unlimited"}"#;
    assert_eq!(read(table).unwrap(), "rtt=0.4ms,loss=1%,mtu=576");
    let error = read(r#"{"speed":"3"}"#).unwrap_err().to_string();
    assert!(error.contains("a link has no \"speed=3\""), "{error}");
    assert!(read("\"this-machine\"").is_err());
    assert!(read("[1]").is_err());
    let link: LinkSettings = "lossy".parse().unwrap();
    let json = serde_json::to_string(&link).unwrap();
    assert_eq!(json, format!("\"{link}\""));
}
