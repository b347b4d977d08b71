import type { Rehearsal } from '../../migration/rehearsal/model.js';

const WIDTH = 1080;
const TOP = 40;
const BASE = 190;
const HEIGHT = 232;
/** Width that a name needs. */
const LABEL = 84;

/** What happened when, as the parts of a drawing: numbers alone, and texts that the template escapes. */
export interface Chart {
  width: number;
  height: number;
  plot: number;
  base: number;
  label: string;
  mostBacklog: number;
  backlog: string;
  share: string;
  windows: { x: number; width: number; label: string; labelY: number; class: string }[];
  faults: { d: string; words: string }[];
  kills: { d: string; words: string }[];
  ticks: { x: number; y: number; label: string; end: boolean }[];
}

export function chartOf({ windows, samples, timeline, answer, seconds }: Rehearsal): Chart {
  const begin = windows[0]?.at ?? 0;
  const end = Math.max(begin + 1, ...timeline.map(({ at }) => at), ...samples.map(({ at }) => at));
  const x = (at: number) => round(((Math.max(at, begin) - begin) / (end - begin)) * WIDTH);
  const mostBacklog = Math.max(1, ...samples.map(({ backlog }) => backlog));
  const y = (share: number) => round(BASE - share * (BASE - TOP));
  const points = samples.filter(({ at }) => at >= begin);
  return {
    width: WIDTH,
    height: HEIGHT,
    plot: BASE - 20,
    base: BASE,
    label: `${answer} ${windows.length} windows in ${seconds} seconds.`,
    mostBacklog,
    backlog: areaOf(points.map(({ at, backlog }) => [x(at), y(backlog / mostBacklog)])),
    share: stepsOf(points.map(({ at, share }) => [x(at), y(share)])),
    windows: windows.map(({ title, at }, i) => {
      const from = x(at);
      const width = round(x(windows[i + 1]?.at ?? end) - from);
      // Two lines of names, as windows may be short; of the shortest the list below tells.
      const room = x(windows[i + 2]?.at ?? end) - from;
      return {
        x: from,
        width,
        label: room < LABEL ? '' : title,
        labelY: i % 2 === 0 ? 12 : 32,
        class: i % 2 === 0 ? 'band' : 'none',
      };
    }),
    faults: marks(timeline, 'fault', (at) => `M${x(at)} ${BASE + 6}l5 9h-10z`),
    kills: marks(timeline, 'killed', (at) => `M${round(x(at) - 4)} ${BASE + 18}l8 8m0 -8l-8 8`),
    ticks: [
      { x: 0, y: HEIGHT - 2, label: '0 s', end: false },
      { x: WIDTH, y: HEIGHT - 2, label: `${Math.round((end - begin) / 1000)} s`, end: true },
    ],
  };
}

function marks(timeline: Rehearsal['timeline'], kind: string, draw: (at: number) => string) {
  return timeline.filter((entry) => entry.kind === kind).map(({ at, words }) => ({ d: draw(at), words }));
}

function areaOf(points: readonly (readonly [number, number])[]): string {
  const [first] = points;
  if (first === undefined) return '';
  const line = points.map(([x, y]) => `L${x} ${y}`).join('');
  return `M${first[0]} ${BASE}${line}L${points.at(-1)![0]} ${BASE}Z`;
}

/** A share holds until the next one. */
function stepsOf(points: readonly (readonly [number, number])[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  return `M${first[0]} ${first[1]}${rest.map(([x, y]) => `H${x}V${y}`).join('')}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
