import { loadErrorKind } from '../model/load-errors.js';
import type { Measure, Measures } from '../model/results.js';
import { WRITE_KINDS, type Write, type WriteKind, type WriteLog } from '../model/writes.js';
import { quantile } from './quantile.js';

/** Least writes behind a 99th percentile. */
const LEAST = 100;
/** Of the writes that were due in the first part of the time, below which their rate was not reached. */
const REACHED = 0.98;
/** The others need not be acknowledged before it is over. */
const EARLY = 0.9;

/** What the writes of a trial say beside its answers: how long they took, how soon they showed, what became of them. */
export function writeMeasures(log: WriteLog): { measures: Measures; flags: string[] } {
  const { writes, from, to } = log;
  const seconds = (to - from) / 1000;
  const all = WRITE_KINDS.map((kind) => ({ kind, own: writes.filter((write) => write.kind === kind) }));
  const counted = writes.filter(({ kept }) => kept !== null);
  const lost = counted.filter(({ kept }) => kept === false).length;
  const unsent = writes.filter(isUnsent).length;
  const failed = writes.filter((write) => write.error !== null && !isUnsent(write)).length;
  const reached = all.every(({ own }) => isReached(own, log));
  return {
    measures: {
      ...Object.assign({}, ...all.map(({ kind, own }) => kindMeasures(kind, own, seconds, to))),
      'writes.errors': count(failed, writes.length),
      'writes.unsent': count(unsent, writes.length),
      ...(counted.length > 0 && { 'writes.lost': count(lost, counted.length) }),
    },
    flags: [...(reached ? [] : ['writes-not-reached']), ...(lost > 0 ? ['lost-writes'] : [])],
  };
}

const isUnsent = ({ error }: Write): boolean => error !== null && loadErrorKind(error) === 'unsent';

/** Whether those that were due in the first nine tenths of the time were acknowledged within it. */
function isReached(own: readonly Write[], { from, to }: WriteLog): boolean {
  const early = own.filter(({ due }) => due <= from + EARLY * (to - from));
  const done = early.filter(({ acknowledged }) => acknowledged !== null && acknowledged <= to);
  return done.length >= REACHED * early.length;
}

function kindMeasures(kind: WriteKind, own: readonly Write[], seconds: number, to: number): Measures {
  const done = own.filter(({ acknowledged }) => acknowledged !== null);
  if (done.length === 0) return {};
  const latencies = sorted(done.map(({ due, acknowledged }) => acknowledged! - due));
  const during = done.filter(({ acknowledged }) => acknowledged! <= to).length;
  return {
    [`writes.${kind}.rate`]: { value: during / seconds, low: null, high: null, n: during },
    ...quantiles(`writes.${kind}`, latencies),
    ...freshness(kind, own),
  };
}

/** Of followed writes of one kind. */
export function freshness(kind: WriteKind, own: readonly Write[]): Measures {
  const followed = own.filter(({ looks, kind: each }) => looks > 0 && each === kind);
  if (followed.length === 0) return {};
  const lags = sorted(
    followed.map(({ acknowledged, seen }) =>
      seen === null ? Number.POSITIVE_INFINITY : seen - acknowledged!,
    ),
  );
  const n = followed.length;
  const first = followed.filter(({ looks, seen }) => looks === 1 && seen !== null).length;
  return {
    ...quantiles(`freshness.${kind}`, lags),
    [`freshness.${kind}.first`]: { value: first / n, low: null, high: null, n },
    [`freshness.${kind}.unresolved`]: count(followed.filter(({ seen }) => seen === null).length, n),
  };
}

/** Those that fall among what never came have no value. */
function quantiles(name: string, values: Float64Array): Measures {
  const found: [string, Measure][] = [];
  for (const [p, share, least] of [
    ['p50', 0.5, 1],
    ['p99', 0.99, LEAST],
  ] as const) {
    const value = values.length < least ? undefined : quantile(values, share);
    if (value !== undefined && Number.isFinite(value))
      found.push([`${name}.${p}`, { value, low: null, high: null, n: values.length }]);
  }
  return Object.fromEntries(found);
}

const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();

function count(value: number, n: number): Measure {
  return { value, low: null, high: null, n };
}
