import type { SeriesRef } from '../../model/types.js';
import type { Frame } from './frame.js';
import { type Anchor, type LabelRequest, type PlacedLabel, placeLabels } from './labels.js';
import { bySeries, type ChartMark, type ChartSize, frontOf, MARGIN } from './spec.js';

export interface LabelView extends PlacedLabel {
  rows: readonly string[];
  mark: ChartMark;
}

/** Direct labels near the ends of the fronts, and the series for whose name, which is never cut, there is no room. */
export function labelsOf(frame: Frame): { placed: LabelView[]; left: SeriesRef[] } {
  const { spec, size } = frame;
  const groups = bySeries(spec.marks);
  const requests = groups.flatMap(({ series, marks }): LabelRequest[] => {
    const ends = frontOf(marks).map((mark) => centre(mark, frame));
    const [first, last] = [ends[0], ends.at(-1)];
    if (first === undefined || last === undefined) return [];
    const rows = rowsOf(series.label, size);
    if (rows === undefined) return [];
    return [
      {
        key: series.key,
        width: Math.max(...rows.map((row) => row.length)) * size.font * EM + 4,
        height: rows.length * (size.font + 2),
        anchors: ends.length > 1 ? [last, first] : [last],
        others: groups
          .filter((group) => group.series.key !== series.key)
          .flatMap((group) => along(frontOf(group.marks).map((mark) => centre(mark, frame)))),
      },
    ];
  });
  const placed = placeLabels(requests, obstacles(frame), {
    left: MARGIN.left + 2,
    top: MARGIN.top - 4,
    right: size.width - 2,
    bottom: size.height - MARGIN.bottom + 5,
  });
  const views = placed.map((label) => {
    const { series, marks } = groups.find((group) => group.series.key === label.key)!;
    return { ...label, rows: rowsOf(series.label, size)!, mark: marks[0]! };
  });
  const named = new Set(placed.map(({ key }) => key));
  return { placed: views, left: groups.flatMap(({ series }) => (named.has(series.key) ? [] : [series])) };
}

const centre = ({ recall, value }: ChartMark, { pixel }: Frame): Anchor => pixel(recall.value, value.value);

/** Points that a label should not cover: marks, rings, lines, and the intervals of marks on a front. */
function obstacles(frame: Frame): Anchor[] {
  const { marks } = frame.spec;
  const fronts = bySeries(marks).map((group) => frontOf(group.marks));
  return [
    ...marks.map((mark) => centre(mark, frame)),
    ...marks.filter(({ chosen }) => chosen.length > 0).flatMap((mark) => around(centre(mark, frame))),
    ...fronts.flatMap((front) => along(front.map((mark) => centre(mark, frame)))),
    ...fronts.flat().flatMap((mark) => along(intervalOf(mark, frame))),
  ];
}

/** Both ends of a mark's interval of recall. */
function intervalOf({ recall, value }: ChartMark, { pixel }: Frame): Anchor[] {
  return [recall.low, recall.high].flatMap((end) => (end === null ? [] : [pixel(end, value.value)]));
}

/** Eight points on the ring that marks a choice. */
function around({ x, y }: Anchor): Anchor[] {
  return Array.from({ length: 8 }, (_, i) => ({
    x: x + 8 * Math.cos((i * Math.PI) / 4),
    y: y + 8 * Math.sin((i * Math.PI) / 4),
  }));
}

/** Points every few pixels along a polyline. */
function along(points: readonly Anchor[]): Anchor[] {
  return points.slice(1).flatMap((end, index) => {
    const start = points[index]!;
    const steps = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 10);
    return Array.from({ length: steps }, (_, i) => ({
      x: start.x + ((end.x - start.x) * i) / steps,
      y: start.y + ((end.y - start.y) * i) / steps,
    }));
  });
}

/** Width of a bold letter in sizes of the font, of a wide one: which font a page has is not known. */
const EM = 0.66;
/** Most rows of a label. */
const ROWS = 2;

/** A name in rows that are broken between its words; undefined where it takes more than there may be. */
function rowsOf(label: string, { width }: ChartSize): string[] | undefined {
  const longest = width > 500 ? 24 : 15;
  const rows: string[] = [];
  for (const word of label.split(' ')) {
    const last = rows.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= longest) rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  return rows.length > ROWS || rows.some((row) => row.length > longest) ? undefined : rows;
}
