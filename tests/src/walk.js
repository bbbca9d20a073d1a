// The body of a function that steps from the first to the last of `events` events and
// back, by keys, and tells what was explained at each step on the way forth, and where
// the way back looked different. One step may take `patience` milliseconds.
const frame = () => new Promise(requestAnimationFrame);
const canvas = document.getElementById("canvas");
const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

const picture = async () => {
    const { width, height } = canvas;
    Object.assign(copy.canvas, { width, height });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    const digest = await crypto.subtle.digest("SHA-256", data);
    return new Uint8Array(digest).join();
};

const cursor = () => Number(document.querySelector("#events [aria-current=step]")?.dataset.step ?? 0);

const until = async step => {
    const deadline = performance.now() + patience;
    while (cursor() !== step) {
        if (performance.now() > deadline) throw new Error(`not at step ${step} but ${cursor()}`);
        await frame();
    }
    const seen = see();
    const misplaced = seen.rows.find(row => row.past !== row.step <= step);
    if (misplaced) throw new Error(`at step ${step}: ${JSON.stringify(misplaced)}`);
    const rows = JSON.stringify(seen.rows);
    const { explain, inspector, counter } = seen;
    return { rows, explain, inspector, counter, stage: await picture() };
};

const press = key =>
    (document.activeElement ?? document.body).dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
    );

const different = [];
const compare = (step, back, there) => {
    for (const name of Object.keys(there)) {
        if (back[name] !== there[name]) different.push({ step, name, back: back[name], there: there[name] });
    }
};

const forth = [await until(0)];
for (let step = 1; step <= events; step += 1) {
    press("ArrowRight");
    forth.push(await until(step));
}
press("ArrowRight");
await frame();
await frame();
await until(events);
for (let step = events - 1; step >= 0; step -= 1) {
    press("ArrowLeft");
    compare(step, await until(step), forth[step]);
}
press("End");
compare(events, await until(events), forth[events]);
press("Home");
compare(0, await until(0), forth[0]);
return { explained: forth.map(seen => seen.explain.trim()), different };
