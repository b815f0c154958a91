"use strict";
/* Progress as it comes. Everything on the page can be done without it. */
(function () {
  const job = document.getElementById("job"), log = document.getElementById("log");
  const bar = document.getElementById("bar"), said = document.getElementById("said");
  const source = new EventSource(job.dataset.events);
  let first = null;
  source.onmessage = function (message) {
    const event = JSON.parse(message.data);
    const parts = [event.what + ":", event.kind, event.name];
    if (event.step !== undefined) parts.push(event.total ? event.step + "/" + event.total : event.step);
    if (event.value !== undefined) parts.push(Number(event.value).toPrecision(4));
    parts.push(event.text);
    const line = document.createElement("li");
    line.textContent = parts.filter(function (part) { return part !== undefined; }).join(" ");
    log.append(line);
    while (log.children.length > 300) log.firstElementChild.remove();
    if (first === null && event.kind === "started") first = event.what;
    if (event.what === first && event.step !== undefined) {
      if (event.total) bar.max = event.total;
      bar.value = event.step;
      said.textContent = event.step + " of " + (event.total || bar.max) + " parts.";
    }
  };
  source.addEventListener("over", function () { source.close(); window.location.reload(); });
})();
