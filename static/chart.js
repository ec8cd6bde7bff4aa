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

  const HUES = 8;
  const hue = (number) => read(`--hub-hue-${number < 0 ? "rest" : number % HUES}`);

  /* A bar leads to the page of its value within its time. */
  const follow = (figure) => (event) => {
    const point = event.points[0];
    const href = figure.data[point.curveNumber].href || figure.href;
    const within = figure.within && figure.within[figure.data[point.curveNumber].x[point.pointIndex]];
    if (!href || !within) return;
    const url = new URL(href, window.location.href);
    url.searchParams.set("since", within[0]);
    url.searchParams.set("until", within[1]);
    url.searchParams.set("per", figure.per);
    window.location.assign(url);
  };

  const draw = (place) => {
    const source = document.getElementById(place.dataset.chart);
    if (!source || !window.Plotly) return;
    const figure = JSON.parse(source.textContent);
    const ink = read("--tblr-secondary-color");
    const line = read("--tblr-border-color");
    figure.data.forEach((trace) => {
      if (trace.type === "bar") trace.marker = { color: hue(trace.meta) };
      else trace.line = { ...trace.line, color: hue(trace.meta || 0), width: 2 };
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
    if (!figure.within) return;
    place.removeAllListeners("plotly_click");
    place.on("plotly_click", follow(figure));
  };

  const drawAll = (root) => root.querySelectorAll("[data-chart]").forEach(draw);
  document.addEventListener("DOMContentLoaded", () => drawAll(document));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target.parentElement || document));
  new MutationObserver(() => drawAll(document)).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-bs-theme"],
  });
})();
