// The body of a function that tells what the page shows at this moment.
const by = id => document.getElementById(id);
const text = id => by(id)?.textContent ?? "";
const shown = id => by(id)?.checkVisibility() ?? false;
return {
    state: document.body.dataset.state,
    language: document.documentElement.lang,
    theme: document.documentElement.dataset.theme,
    hash: location.hash,
    link: by("status")?.dataset.link ?? "",
    notice: shown("notice") ? text("notice") : "",
    over: shown("look") && !shown("stop"),
    playing: by("play")?.dataset.playing === "true",
    help: by("help")?.open ?? false,
    title: text("title"),
    question: text("question"),
    explain: text("explain"),
    counter: text("step"),
    inspector: ["inspector-title", "chunk", "chunk-text", "way"].filter(shown).map(text).join("\n"),
    byte: shown("byte") ? text("byte") : "",
    visible: document.body.innerText,
    rows: [...document.querySelectorAll("#events [data-step]")].map(row => ({
        step: Number(row.dataset.step),
        actor: row.dataset.actor,
        client: Number(row.dataset.client),
        call: row.dataset.call,
        offset: Number(row.dataset.offset),
        length: Number(row.dataset.len),
        past: row.dataset.when === "past",
        current: row.getAttribute("aria-current") === "step",
        text: row.textContent,
        messages: [...row.querySelectorAll("[data-message]")].map(m => m.textContent),
    })),
};
