import { formatNumber } from '../../format.js';

export interface ValueScale {
  type: 'log' | 'linear';
  domain: readonly [number, number];
  ticks: readonly { value: number; label: string }[];
}

/** Axis of a positive value: logarithmic if asked for or if the values differ more than twentyfold, else from zero. */
export function valueScale(values: readonly number[], log: boolean): ValueScale {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return { type: 'linear', domain: [0, 1], ticks: [tick(0), tick(1)] };
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  return log || high / low > 20 ? logScale(low, high) : linearScale(high);
}

const tick = (value: number) => ({
  value,
  label: value >= 1000 ? formatNumber(value) : String(Number(value.toPrecision(3))),
});

function logScale(low: number, high: number): ValueScale {
  const decades = Math.log10(high / low);
  const pad = 10 ** Math.max(0.06, decades * 0.05);
  const [start, end] = [low / pad, high * pad];
  const steps = decades > 2.6 ? [1] : decades > 1.3 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(start)); power <= Math.ceil(Math.log10(end)); power++) {
    for (const step of steps) ticks.push(Number((step * 10 ** power).toPrecision(2)));
  }
  const inside = ticks.filter((value) => value >= start && value <= end);
  return { type: 'log', domain: [start, end], ticks: (inside.length >= 2 ? inside : [low, high]).map(tick) };
}

function linearScale(high: number): ValueScale {
  const top = high * 1.12;
  const rough = top / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough) ?? 10) * power;
  const ticks = Array.from({ length: Math.floor(top / step) + 1 }, (_, i) =>
    Number((i * step).toPrecision(12)),
  );
  return { type: 'linear', domain: [0, top], ticks: ticks.map(tick) };
}
