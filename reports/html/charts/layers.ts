import * as Plot from '@observablehq/plot';
import type { Measure } from '../../../harness/model/results.js';
import { DASHES } from '../../identity.js';
import { trialAnchor } from '../cells.js';
import type { Frame } from './frame.js';
import { bySeries, type ChartMark, colourOf, fillOf, floorName, frontOf } from './spec.js';

/** Everything that Plot draws, from back to front. */
export function layers(frame: Frame): Plot.Markish[] {
  return [
    ...grid(frame),
    ...axes(frame),
    ...guides(frame),
    ...limits(frame),
    ...floors(frame),
    ...intervals(frame),
    ...fronts(frame),
    ...rings(frame),
    ...knees(frame),
    ...dots(frame),
    ...doubts(frame),
  ];
}

function grid({ x, y }: Frame): Plot.Markish[] {
  const look = { stroke: 'var(--grid)', strokeOpacity: 1 };
  const columns = x.ticks.map((tick) => tick.x);
  const rows = y.ticks.map((tick) => tick.value);
  const gap = { stroke: 'currentColor', strokeDasharray: '1 4', strokeOpacity: 0.6 };
  return [
    Plot.gridX(columns, look),
    Plot.gridY(rows, look),
    ...(x.gap === undefined ? [] : [Plot.ruleX([x.gap], gap)]),
  ];
}

function axes({ spec, size, x, y }: Frame): Plot.Markish[] {
  const columns = new Map(x.ticks.map((tick) => [tick.x, tick.label]));
  const rows = new Map(y.ticks.map((tick) => [tick.value, tick.label]));
  const look = { tickSize: 0, labelArrow: 'none', fontSize: size.font, fill: 'var(--quiet)' } as const;
  return [
    Plot.axisX([...columns.keys()], {
      ...look,
      tickFormat: (at: number) => columns.get(at) ?? '',
      label: spec.recallLabel,
      labelAnchor: 'center',
      labelOffset: 38,
    }),
    Plot.axisY([...rows.keys()], {
      ...look,
      tickFormat: (value: number) => rows.get(value) ?? '',
      label: spec.label,
      labelAnchor: 'top',
    }),
  ];
}

/** One upright line per target; the page shows that of the target chosen. */
function guides({ spec, x }: Frame): Plot.Markish[] {
  return spec.guides
    .filter(({ recall }) => x.at(recall) >= x.domain[0])
    .map(({ recall, className }) =>
      Plot.ruleX([x.at(recall)], {
        className: `guide ${className}`,
        stroke: 'currentColor',
        strokeWidth: 1.5,
      }),
    );
}

/** A line across, named at its left end. */
function limits({ spec: { limit }, size, x, y }: Frame): Plot.Markish[] {
  if (limit === undefined || limit.value < y.domain[0] || limit.value > y.domain[1]) return [];
  return [
    Plot.ruleY([limit.value], {
      className: 'limit',
      stroke: 'currentColor',
      strokeWidth: 1.2,
      strokeDasharray: '2 4',
    }),
    Plot.text([limit], {
      x: x.domain[0],
      y: limit.value,
      text: (d: typeof limit) => d.label,
      dx: 6,
      dy: -8,
      textAnchor: 'start',
      fontSize: size.font,
      fill: 'var(--quiet)',
      className: 'halo',
    }),
  ];
}

/** Named above the line. */
function floors({ spec, size, x }: Frame): Plot.Markish[] {
  return (spec.floors ?? []).flatMap(({ label, points }, number) => {
    const name = floorName(points, number);
    const at = { x: (d: { x: number }) => x.at(d.x), y: 'y' };
    return [
      Plot.line(points, {
        ...at,
        className: 'floor',
        stroke: 'var(--quiet)',
        strokeWidth: 1.2,
        strokeDasharray: '5 3',
      }),
      Plot.dot(points, { ...at, r: 1.6, fill: 'var(--quiet)', className: 'floor' }),
      Plot.text(name.point === undefined ? [] : [name.point], {
        ...at,
        text: () => label,
        dx: name.dx,
        dy: -7,
        textAnchor: name.anchor,
        fontSize: size.font - 1,
        fill: 'var(--quiet)',
        className: 'halo',
      }),
    ];
  });
}

const varies = ({ low, high }: Measure): boolean => low !== null && high !== null && high > low;

/** 95% intervals in both directions, those of dominated marks nearly invisible. */
function intervals({ spec, x }: Frame): Plot.Markish[] {
  const groups = bySeries(spec.marks).flatMap(({ series, marks }) =>
    [true, false].map((front) => ({ series, front, marks: marks.filter((mark) => mark.front === front) })),
  );
  return groups.flatMap(({ series, front, marks }) => {
    const look = { stroke: colourOf(series), strokeOpacity: front ? 0.6 : 0.14, strokeWidth: 1.2 };
    return [
      Plot.link(
        marks.filter(({ recall }) => varies(recall)),
        {
          x1: (d: ChartMark) => x.at(d.recall.low!),
          x2: (d: ChartMark) => x.at(d.recall.high!),
          y: (d: ChartMark) => d.value.value,
          ...look,
        },
      ),
      Plot.link(
        marks.filter(({ value }) => varies(value)),
        {
          x: (d: ChartMark) => x.at(d.recall.value),
          y1: (d: ChartMark) => d.value.low!,
          y2: (d: ChartMark) => d.value.high!,
          ...look,
        },
      ),
    ];
  });
}

function fronts({ spec, x }: Frame): Plot.Markish[] {
  return bySeries(spec.marks).map(({ series, marks }) =>
    Plot.line(frontOf(marks), {
      x: (d: ChartMark) => x.at(d.recall.value),
      y: (d: ChartMark) => d.value.value,
      stroke: colourOf(series),
      strokeWidth: 2,
      strokeDasharray: DASHES[series.identity.line]!,
    }),
  );
}

const position = ({ x }: Frame) => ({
  x: (d: ChartMark) => x.at(d.recall.value),
  y: (d: ChartMark) => d.value.value,
});

/** Rings around the settings chosen at each target; the page shows those of the target chosen. */
function rings(frame: Frame): Plot.Markish[] {
  const { marks } = frame.spec;
  const targets = [...new Set(marks.flatMap(({ chosen }) => chosen))];
  return targets.flatMap((target) =>
    bySeries(marks.filter(({ chosen }) => chosen.includes(target))).map(({ series, marks: own }) =>
      Plot.dot(own, {
        ...position(frame),
        r: 8.5,
        stroke: colourOf(series),
        strokeWidth: 1.5,
        className: `ring ${target}`,
      }),
    ),
  );
}

/** Rings around the last marks that keep the limit. */
function knees(frame: Frame): Plot.Markish[] {
  return bySeries(frame.spec.marks.filter(({ knee }) => knee === true)).map(({ series, marks }) =>
    Plot.dot(marks, {
      ...position(frame),
      r: 8.5,
      stroke: colourOf(series),
      strokeWidth: 1.5,
      className: 'knee',
    }),
  );
}

function dots(frame: Frame): Plot.Markish[] {
  const { spec, size } = frame;
  return bySeries(spec.marks).flatMap(({ series, marks }) =>
    [false, true].map((front) =>
      Plot.dot(
        marks.filter((mark) => mark.front === front),
        {
          ...position(frame),
          symbol: series.identity.shape,
          r: front ? 4.2 : 3.4,
          stroke: colourOf(series),
          fill: fillOf(series),
          strokeWidth: 1.4,
          opacity: front ? 1 : 0.35,
          href: (d: ChartMark) => `#${trialAnchor(d.id, d.group)}`,
          className: 'mark',
          ...(size.titles ? { title: (d: ChartMark) => d.tooltip } : {}),
        },
      ),
    ),
  );
}

/** Signs beside the marks whose figures are doubtful. */
function doubts(frame: Frame): Plot.Markish[] {
  const { marks } = frame.spec;
  return [true, false].map((front) =>
    Plot.text(
      marks.filter((mark) => mark.signs !== '' && mark.front === front),
      {
        ...position(frame),
        text: (d: ChartMark) => d.signs,
        dx: 6,
        dy: -5,
        textAnchor: 'start',
        fill: 'var(--quiet)',
        opacity: front ? 1 : 0.6,
        className: 'doubt',
      },
    ),
  );
}
