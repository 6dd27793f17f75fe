// A chart over batches or time, with the same figures as a table for those who do not see it.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { count, fine } from "../format.ts";

export interface Series {
  label: string;
  values: (number | null)[];
}

interface ChartProps {
  title: string;
  /** What a figure of the vertical axis is. */
  unit: string;
  /** What a place on the horizontal axis is, as `batch`. */
  places: string;
  xs: number[];
  series: Series[];
}

const HEIGHT = 200;
/** Names of colours in page.css, one for each series. */
const COLOURS = ["--line-1", "--line-2", "--line-3"];
const DASHES = [[], [6, 4], [2, 3]];

export function Chart({ title, unit, places, xs, series }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  // Drawn anew when the figures change, and not when the view does.
  const data = JSON.stringify([xs, ...series.map(({ values }) => values)]);
  useEffect(() => {
    const element = place.current;
    if (!element || xs.length < 2) return;
    const draw = () => {
      const style = getComputedStyle(element);
      const colour = (name: string) => style.getPropertyValue(name).trim();
      const axis = {
        stroke: colour("--soft"),
        grid: { stroke: colour("--rule"), width: 1 },
        ticks: { show: false },
        font: `12px ${style.fontFamily}`,
      };
      const options: uPlot.Options = {
        width: element.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(most, 0) * 1.1 || 1] } },
        legend: { show: false },
        cursor: { show: false },
        axes: [
          { ...axis, size: 28, values: (_, splits) => splits.map((at) => (at % 1 === 0 ? count(at) : "")) },
          { ...axis, size: 56, values: (_, splits) => splits.map((at) => fine(at)) },
        ],
        series: [
          {},
          ...series.map(({ label }, at) => ({
            label,
            stroke: colour(COLOURS[at] ?? "--line-1"),
            dash: DASHES[at] ?? [],
            width: 2,
            points: { size: 5 },
            spanGaps: true,
          })),
        ],
      };
      return new uPlot(options, JSON.parse(data) as uPlot.AlignedData, element);
    };
    let chart = draw();
    const redraw = () => {
      chart.destroy();
      chart = draw();
    };
    const sized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    sized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", redraw);
    return () => {
      sized.disconnect();
      scheme.removeEventListener("change", redraw);
      chart.destroy();
    };
  }, [data]);
  const hasFigures = series.some(({ values }) => values.some((value) => value !== null));
  if (xs.length < 2 || !hasFigures) return <p class="note">{title}: there are no figures yet.</p>;
  return (
    <figure class="chart">
      <figcaption>
        {title} <span class="soft">{unit}</span>
        {series.length > 1 && (
          <span class="legend">
            {series.map(({ label }, at) => (
              <span key={label} class={`key line-${at + 1}`}>
                {label}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div ref={place} aria-hidden="true" />
      <details>
        <summary>
          Figures<span class="hidden"> of {title}</span>
        </summary>
        <div class="scroll" role="region" aria-label={title} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{places}</th>
                {series.map(({ label }) => (
                  <th key={label} scope="col" class="figure">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {xs.map((x, at) => (
                <tr key={x}>
                  <td>{count(x)}</td>
                  {series.map(({ label, values }) => (
                    <td key={label} class="figure">
                      {values[at] == null ? "–" : fine(values[at])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
