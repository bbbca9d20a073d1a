// Measures what the page's main thread does: handling an event, and from the
// beginning of the next frame until it has been laid out and painted.
const by = id => document.getElementById(id);

const frame = () => new Promise(requestAnimationFrame);

// Work of one act: its own, and that of the frame behind it.
window.cost = act => new Promise(done => {
    let began;
    const begin = () => { began ??= performance.now(); };
    // Scroll events come before the frame's callbacks.
    document.addEventListener("scroll", begin, {capture: true, once: true});
    requestAnimationFrame(begin);
    const start = performance.now();
    act();
    const handled = performance.now() - start;
    requestAnimationFrame(() => {
        document.removeEventListener("scroll", begin, {capture: true});
        const channel = new MessageChannel();
        channel.port1.onmessage = () => done(handled + performance.now() - began);
        channel.port2.postMessage(null);
    });
});

const press = key => window.dispatchEvent(new KeyboardEvent("keydown", {key}));

// Goes to a step as a user does who clicks into the scrubber.
const goTo = step => {
    by("scrubber").value = step;
    by("scrubber").dispatchEvent(new Event("input", {bubbles: true}));
};

window.steps = async (view, axis, events, count) => {
    document.querySelector(`[data-view=${view}]`).click();
    await frame();
    if (view === "time") document.querySelector(`[data-axis=${axis}]`).click();
    const costs = [];
    const places = [0.25, 0.5, 0.75, 0.97];
    for (const place of places) {
        goTo(Math.round(events * place));
        await frame(); await frame();
        const before = Number(by("scrubber").value);
        for (let n = 0; n < count / places.length; n++)
            costs.push(await cost(() => press("ArrowRight")));
        if (Number(by("scrubber").value) !== before + count / places.length)
            throw new Error(`${by("scrubber").value} is not ${count / places.length} behind ${before}`);
    }
    return costs;
};

// Scrolls through the table: a wheel's notch at a time, and once to elsewhere in between.
window.scrolls = async count => {
    const table = by("events-scroll");
    const costs = [];
    for (let n = 0; n < count; n++) {
        const far = n % 10 === 9;
        const room = table.scrollHeight - table.clientHeight;
        const to = far ? room * (n / count) : table.scrollTop + 120;
        costs.push(await cost(() => { table.scrollTop = Math.min(to, room - n); }));
    }
    return costs;
};

// Resolves once the next file that is chosen is on the stage and in the table.
window.watchOpening = () => {
    window.opened = new Promise(done => {
        by("file").addEventListener("change", event => {
            const name = event.target.files[0].name;
            const start = performance.now();
            let last = start, block = 0;
            const look = () => {
                const now = performance.now();
                block = Math.max(block, now - last);
                last = now;
                const there = by("title").textContent === name && document.querySelector("#events [data-step]");
                if (!there) return requestAnimationFrame(look);
                // What this frame has changed is painted behind it.
                const channel = new MessageChannel();
                channel.port1.onmessage = () => done({
                    took: performance.now() - start,
                    block: Math.max(block, performance.now() - last),
                    elements: document.querySelectorAll("*").length,
                });
                channel.port2.postMessage(null);
            };
            requestAnimationFrame(look);
        }, {capture: true, once: true});
    });
};
