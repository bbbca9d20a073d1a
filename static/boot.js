// Starts the page's program, or says in the page why it does not start.
function fail(error) {
  document.body.dataset.state = "failed";
  document.getElementById("boot-failed").hidden = false;
  document.getElementById("boot-error").textContent = String(error);
}

async function text(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response.text();
}

try {
  const content = text("content.txt");
  const { default: init, boot } = await import("./stickylab.js");
  await init({ module_or_path: new URL("stickylab_bg.wasm", import.meta.url) });
  boot(await content);
  document.body.dataset.state = "ready";
} catch (error) {
  fail(error);
}
