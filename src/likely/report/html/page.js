(function () {
  "use strict";
  var options = {
    renderer: "svg",
    ast: true, // no code is made from text, so the page need not allow it
    actions: { export: true, source: false, compiled: false, editor: false },
    tooltip: { theme: "light" }
  };

  function failed(holder, error) {
    var note = document.createElement("p");
    note.className = "undrawn";
    note.textContent = "This chart could not be drawn: " + (error && error.message ? error.message : error);
    holder.replaceChildren(note);
    console.error(error);
  }

  function draw(holder) {
    var spec = JSON.parse(document.getElementById(holder.dataset.spec).textContent);
    return window
      .vegaEmbed(holder, spec, options)
      .then(function () { holder.dataset.drawn = "yes"; })
      .catch(function (error) { failed(holder, error); });
  }

  var holders = Array.prototype.slice.call(document.querySelectorAll("[data-spec]"));
  Promise.all(holders.map(draw)).then(function () {
    document.documentElement.dataset.charts = "done";
  });
})();
