// Starts the page's program, or says in the page why it does not start.
function fail(error) {
  document.body.dataset.state = "failed";
  document.getElementById("boot-failed").hidden = false;
  document.getElementById("boot-error").textContent = String(error);
}

try {
  const { default: init, boot } = await import("./stickylab.js");
  await init({ module_or_path: new URL("stickylab_bg.wasm", import.meta.url) });
  boot();
  document.body.dataset.state = "ready";
} catch (error) {
  fail(error);
}
