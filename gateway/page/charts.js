/* ECharts in the page's colours; loaded when a view first draws. */
let library = null;

export async function chart(node) {
  library ??= import("./echarts.esm.min.js");
  const echarts = await library;
  const one = echarts.init(node, null, { renderer: "canvas" });
  const observer = new ResizeObserver(() => one.resize());
  observer.observe(node);
  return { set: (option) => one.setOption(option, { notMerge: true }), update: (option) => one.setOption(option),
    close: () => { observer.disconnect(); one.dispose(); } };
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const seriesColours = () => ["grid", "pv", "storage", "load"].map((name) => colour(name));

export function timeAxes(unit, zoom) {
  const line = { lineStyle: { color: colour("line") } };
  return {
    animation: false, useUTC: true, /* times are given as the site's */ backgroundColor: "transparent", textStyle: { color: colour("muted"), fontFamily: "inherit" },
    grid: { left: 62, right: 16, top: 40, bottom: zoom ? 64 : 28 },
    legend: { top: 4, textStyle: { color: colour("text") }, icon: "roundRect", itemHeight: 6 },
    tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: colour("raised"), borderColor: colour("line"),
      textStyle: { color: colour("text") } },
    xAxis: { type: "time", axisLine: line, splitLine: { show: false } },
    yAxis: { type: "value", name: unit, scale: true, axisLine: { show: false }, splitLine: line },
    dataZoom: zoom ? [{ type: "inside" }, { type: "slider", height: 24, bottom: 8, borderColor: colour("line"),
      textStyle: { color: colour("muted") } }] : [],
  };
}
