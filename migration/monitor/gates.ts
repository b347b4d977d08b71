import {
  type DriftState,
  type MeanGate,
  StandingDrift,
  StandingMean,
  type StandingState,
} from '../../harness/measures/sequential-gate.js';
import type { MonitorSettings } from '../plan/monitor-schema.js';
import { type GateView, SIGNALS, type SignalName } from './model.js';

/** What is kept of a gate; another limit, alpha or set of queries is another gate, which begins anew. */
export type KeptGate = { since: string } & (
  | { kind: 'mean'; of: string; state: StandingState }
  | { kind: 'drift'; of: string; state: DriftState }
);

export interface GateRow {
  name: string;
  title: string;
  unit: GateView['unit'];
  /** Undefined: values are judged by their distribution. */
  mean?: Omit<MeanGate, 'alpha'>;
  limit: string;
}

const SHARE = { low: 0, high: 1 } as const;
const DIFFERENCE = { low: -1, high: 1 } as const;

/** By which a signal is worse when there is more of it, or less. */
const WORSE: Readonly<Record<SignalName, 1 | -1>> = {
  fallback: 1,
  citation: -1,
  click: -1,
  reformulation: 1,
};

/** Difference of a signal, target to source, so that more is worse. */
export function worseBy(signal: SignalName, target: number, source: number): number {
  return WORSE[signal] * (target - source);
}

const least = (limit: number) => ({ side: 'at least' as const, limit, range: SHARE });
const most = (limit: number, range: MeanGate['range'] = SHARE) => ({
  side: 'at most' as const,
  limit,
  range,
});

/** The gates that a plan asks for, each of which has its part of alpha. */
export function gateRows({ gates }: MonitorSettings): GateRow[] {
  const { overlap, empty, crossings, scores, concentration, errors, visible, latency, signals } = gates;
  const rows: (GateRow | false)[] = [
    overlap !== false && {
      name: 'overlap',
      title: 'Overlap with the source',
      unit: 'share',
      mean: least(overlap),
      limit: `at least ${overlap}`,
    },
    empty !== false && {
      name: 'empty',
      title: 'Queries that only the target leaves empty',
      unit: 'share',
      mean: most(empty),
      limit: `at most ${empty}`,
    },
    crossings !== false && {
      name: 'crossings',
      title: 'Hits that cross a threshold',
      unit: 'share',
      mean: most(crossings),
      limit: `at most ${crossings}`,
    },
    scores && {
      name: 'scores.first',
      title: 'Scores of first hits',
      unit: 'distance',
      limit: 'distributed as before',
    },
    scores && {
      name: 'scores.last',
      title: 'Scores of last hits',
      unit: 'distance',
      limit: 'distributed as before',
    },
    concentration !== false && {
      name: 'concentration',
      title: 'The same points for unlike queries, beyond the source',
      unit: 'difference',
      mean: most(concentration, DIFFERENCE),
      limit: `at most ${concentration} more`,
    },
    errors !== false && {
      name: 'errors',
      title: 'Failed queries of the target',
      unit: 'share',
      mean: most(errors),
      limit: `at most ${errors}`,
    },
    visible !== false && {
      name: 'visible',
      title: `Markers found within ${visible} s`,
      unit: 'share',
      mean: least(0.95),
      limit: 'at least 0.95',
    },
    latency !== false && {
      name: 'latency',
      title: `Answers of the target that take more than ${latency} ms`,
      unit: 'share',
      mean: most(0.05),
      limit: 'at most 0.05',
    },
    ...(signals === false ? [] : SIGNALS).map(
      (signal): GateRow => ({
        name: `signal.${signal}`,
        title: `Application: ${signal}, target against source`,
        unit: 'difference',
        mean: most(signals as number, DIFFERENCE),
        limit: `at most ${signals} worse`,
      }),
    ),
  ];
  return rows.filter((row): row is GateRow => row !== false);
}

/** A tenant's own gate of empty answers; the j-th of them has 1/(j(j+1)) of what all of them have. */
export function tenantRow(tenant: string, limit: number): GateRow {
  return {
    name: `empty:${tenant}`,
    title: `Tenant ${tenant}: queries that only the target leaves empty`,
    unit: 'share',
    mean: most(limit),
    limit: `at most ${limit}`,
  };
}

/** A gate while it is watched. */
export class Gate {
  readonly row: GateRow;
  readonly kept: KeptGate;
  readonly #mean: StandingMean | undefined;
  readonly #drift: StandingDrift | undefined;

  constructor(row: GateRow, alpha: number, kept: KeptGate | undefined, now: string, queries?: string) {
    this.row = row;
    const of = JSON.stringify([row.mean ?? null, alpha, queries ?? null]);
    const same = kept?.of === of ? kept : undefined;
    if (row.mean === undefined) {
      this.#drift = new StandingDrift(alpha, same?.kind === 'drift' ? same.state : undefined);
      this.kept = { kind: 'drift', of, state: this.#drift.state, since: same?.since ?? now };
    } else {
      this.#mean = new StandingMean({ ...row.mean, alpha }, same?.kind === 'mean' ? same.state : undefined);
      this.kept = { kind: 'mean', of, state: this.#mean.state, since: same?.since ?? now };
    }
  }

  get verdict(): StandingState['verdict'] {
    return this.kept.state.verdict;
  }

  /** @param tie uniform in [0, 1): for gates of a distribution */
  observe(value: number, tie: number): void {
    if (this.#mean !== undefined) this.#mean.observe(value);
    else this.#drift!.observe(value, tie);
  }

  view(why: string | undefined): GateView {
    const { row, kept } = this;
    const interval = this.#mean?.interval();
    const measured = kept.state.observed > 0;
    return {
      name: row.name,
      title: row.title,
      limit: row.limit,
      unit: row.unit,
      verdict: measured ? this.verdict : 'not measured',
      ...(!measured && { why: why ?? 'nothing was observed yet' }),
      ...(measured && {
        value: this.#mean?.mean() ?? this.#drift?.distance(),
        low: interval?.low,
        high: interval?.high,
        nearness: (this.#mean ?? this.#drift)!.nearness(),
      }),
      observed: kept.state.observed,
      since: kept.since,
    };
  }
}

interface NoneGate {
  name: string;
  title: string;
  /** Whether it is judged. */
  on: boolean;
  /** Points that there should be none of. */
  found: number;
  /** Queries that could have shown one. */
  observed: number;
  /** When the watch began. */
  since: GateView['since'];
}

/** A gate without statistics: one point is one too many. */
export function noneGate({ name, title, on, found, observed, since }: NoneGate): GateView {
  return {
    name,
    title,
    limit: on ? 'none' : 'not judged',
    unit: 'points',
    verdict: observed === 0 ? 'not measured' : on && found > 0 ? 'fail' : 'pass',
    ...(observed === 0 && { why: 'nothing was observed yet' }),
    value: found,
    observed,
    since,
  };
}
