"use strict";
// Every figure is data in the page; this draws each into the element that carries its name.
for (const source of document.querySelectorAll("script[data-figure]")) {
  const figure = JSON.parse(source.textContent);
  Plotly.newPlot(document.getElementById(source.dataset.figure), figure.data, figure.layout, {
    responsive: true,
    displayModeBar: false, // it covers the legend where the page is narrow; drag and double-click still zoom
  });
}
