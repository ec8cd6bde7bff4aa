/* Draw the figures that a page holds as JSON: <div data-chart="id of its json_script">. */
(() => {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  pixel.globalCompositeOperation = "copy";

  // A colour of the theme as numbers: plotly knows neither light-dark() nor oklch().
  const read = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    pixel.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    pixel.fillRect(0, 0, 1, 1);
    const [red, green, blue, opacity] = pixel.getImageData(0, 0, 1, 1).data;
    return `rgba(${red}, ${green}, ${blue}, ${opacity / 255})`;
  };

  const HUES = ["--tblr-primary", "--tblr-orange", "--tblr-teal", "--tblr-pink", "--tblr-yellow", "--tblr-azure"];

  const draw = (place) => {
    const source = document.getElementById(place.dataset.chart);
    if (!source || !window.Plotly) return;
    const figure = JSON.parse(source.textContent);
    const ink = read("--tblr-secondary-color");
    const line = read("--tblr-border-color");
    figure.data.forEach((trace) => {
      trace.line = { ...trace.line, color: read(HUES[(trace.meta || 0) % HUES.length]), width: 2 };
    });
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickfont: { color: ink } };
    const layout = {
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { family: getComputedStyle(document.body).fontFamily, color: ink, size: 12 },
      margin: { l: 48, r: 16, t: 12, b: 40 },
      legend: { orientation: "h", y: -0.2 },
      hovermode: "x unified",
      hoverlabel: { bgcolor: read("--tblr-bg-surface"), font: { color: read("--tblr-body-color") } },
      ...figure.layout,
      xaxis: { ...axis, type: "date", ...figure.layout.xaxis },
      yaxis: { ...axis, ...figure.layout.yaxis },
    };
    window.Plotly.react(place, figure.data, layout, { displayModeBar: false, responsive: true });
  };

  const drawAll = (root) => root.querySelectorAll("[data-chart]").forEach(draw);
  document.addEventListener("DOMContentLoaded", () => drawAll(document));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target.parentElement || document));
  new MutationObserver(() => drawAll(document)).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-bs-theme"],
  });
})();
