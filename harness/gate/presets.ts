import type { Level } from './levels.js';

interface PresetGate {
  /** `@k` stands for the largest k of the suite. */
  subject: string;
  check: string;
  level: Level;
  /** Judged by the figure alone; by its interval if absent. */
  by?: 'value';
  /** Only about trials that have the measure: not every suite has filters or tenants. */
  whereMeasured?: true;
}

/** No engine may return what a filter excludes, least of all another tenant's rows. */
const FILTERS: readonly PresetGate[] = [
  { subject: 'filter.violations', check: 'total == 0', level: 'error', whereMeasured: true },
  { subject: 'leaks', check: 'total == 0', level: 'error', whereMeasured: true },
];

export interface Preset {
  description: string;
  inconclusive: Level;
  gates: readonly PresetGate[];
  /** In place of these where two places are compared (`vecproof parity` with queries): there is no baseline then. */
  places?: readonly PresetGate[];
}

/** Sets of gates by name. Making one stricter is a breaking change: it fails builds that passed. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  quickstart: {
    description: 'No query may fail. Nothing that depends on the machine.',
    inconclusive: 'warn',
    gates: [{ subject: 'errors', check: 'total == 0', level: 'error' }],
  },
  nightly: {
    description:
      'Against a baseline: no shown loss of recall of 0.2 points or more; slower p95 is a warning. Filters hold.',
    inconclusive: 'warn',
    gates: [
      { subject: 'errors', check: 'total == 0', level: 'error' },
      { subject: 'recall.ties@k', check: 'drop(baseline) < 0.2pt', level: 'error' },
      { subject: 'latency.p95', check: 'change(baseline) < 15%', level: 'warn' },
      ...FILTERS,
    ],
  },
  load: {
    description:
      'Under load no query fails, and answers lose at most half a point of recall against one client (where serial is measured, too).',
    inconclusive: 'warn',
    gates: [
      { subject: 'errors', check: 'total == 0', level: 'error' },
      { subject: 'load.recallLoss', check: 'mean <= 0.5%', level: 'error', whereMeasured: true },
      ...FILTERS,
    ],
  },
  migration: {
    description:
      'Recall shown to be at most half a point lower, full answers, filters hold; what cannot be shown fails.',
    inconclusive: 'error',
    gates: [
      { subject: 'errors', check: 'total == 0', level: 'error' },
      { subject: 'returned.short', check: 'total == 0', level: 'error' },
      { subject: 'recall.ties@k', check: 'change(baseline) > -0.5pt', level: 'error' },
      ...FILTERS,
    ],
    places: [
      { subject: 'errors{series:target}', check: 'total == 0', level: 'error' },
      { subject: 'returned.short{series:target}', check: 'total == 0', level: 'error' },
      // Shown of all queries together; groups are often too small to show anything, and each has to hold by its figure.
      { subject: 'recall.ties@k{series:target,group:all}', check: 'mean >= 0.95', level: 'error' },
      { subject: 'recall.ties@k{series:target}', check: 'mean >= 0.9', level: 'error', by: 'value' },
      // Both exhaustive: no approximation explains a difference.
      { subject: 'parity.lost{parity:exact}', check: 'total == 0', level: 'error' },
      { subject: 'parity.crossed{parity:exact}', check: 'total == 0', level: 'error', whereMeasured: true },
      { subject: 'parity.crossed{parity:ann}', check: 'total == 0', level: 'warn', whereMeasured: true },
      { subject: 'parity.apart{parity:ann}', check: 'total == 0', level: 'warn' },
      { subject: 'parity.latency{parity:ann}', check: 'mean <= 1.5', level: 'warn', by: 'value' },
      {
        subject: 'required.missing{series:target}',
        check: 'total == 0',
        level: 'error',
        whereMeasured: true,
      },
      ...FILTERS.map((gate) => ({ ...gate, subject: `${gate.subject}{series:target}` })),
    ],
  },
};
