import type { Frame } from './frame.js';
import { type Anchor, type LabelRequest, type PlacedLabel, placeLabels } from './labels.js';
import { bySeries, type ChartMark, type ChartSize, frontOf, MARGIN } from './spec.js';

export interface LabelView extends PlacedLabel {
  rows: readonly string[];
  mark: ChartMark;
}

/** A direct label for each series, near an end of its front. */
export function labelsOf(frame: Frame): LabelView[] {
  const { spec, size } = frame;
  const groups = bySeries(spec.marks);
  const requests = groups.flatMap(({ series, marks }): LabelRequest[] => {
    const ends = frontOf(marks).map((mark) => centre(mark, frame));
    const [first, last] = [ends[0], ends.at(-1)];
    if (first === undefined || last === undefined) return [];
    const rows = rowsOf(series.label, size);
    return [
      {
        key: series.key,
        width: Math.max(...rows.map((row) => row.length)) * size.font * 0.59 + 4,
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
  return placed.map((label) => {
    const { series, marks } = groups.find((group) => group.series.key === label.key)!;
    return { ...label, rows: rowsOf(series.label, size), mark: marks[0]! };
  });
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

/** On small charts a label breaks after its first word, which is the engine's name as a rule. */
function rowsOf(label: string, { width }: ChartSize): string[] {
  const space = label.indexOf(' ');
  if (width > 500 || space < 0) return [shorten(label, 24)];
  return [shorten(label.slice(0, space), 15), shorten(label.slice(space + 1), 15)];
}

const shorten = (text: string, limit: number): string =>
  text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
