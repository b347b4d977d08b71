import { depthOf } from '../../harness/model/measures/catalogue.js';
import type { Checkpoint } from '../../harness/model/results.js';
import { WRITE_KINDS, type WriteKind } from '../../harness/model/writes.js';
import { formatCount, formatNumber } from '../format.js';
import type { ReportModel } from '../model/types.js';
import type { WrittenTrial } from '../model/writes.js';
import { cell, heading, rowCell, seriesView, trialAnchor } from './cells.js';

const TROUBLE = ['writes.errors', 'writes.unsent', 'writes.lost', 'writes.stale'];
/** Where queries have filters. */
const OUTDATED = 'writes.outdated';

const KIND_NAMES: Readonly<Record<WriteKind, string>> = {
  insert: 'inserts',
  update: 'updates',
  delete: 'deletes',
  metadata: 'metadata',
};
const FRESH = ['first', 'p50', 'p99', 'unresolved'];

/** Section of searches while points were written; undefined where the run had none. */
export function writeViews({ writes, recallName }: ReportModel) {
  if (writes === undefined) return undefined;
  const worst = `recall.worst@${depthOf(recallName)}`;
  const filtered = writes.some(({ trial }) => trial.measures[OUTDATED] !== undefined) ? [OUTDATED] : [];
  const summary = [recallName, worst, 'recall.unjudged', 'latency.p99', ...TROUBLE, ...filtered];
  const kinds = WRITE_KINDS.filter((kind) =>
    writes.some(({ trial }) => trial.measures[`writes.${kind}.rate`] !== undefined),
  );
  const rates = (kind: WriteKind) => [`writes.${kind}.rate`, `writes.${kind}.p50`, `writes.${kind}.p99`];
  const parts = [recallName, 'latency.p50', 'latency.p99', ...kinds.map((kind) => `freshness.${kind}.p50`)];
  return {
    metadata: filtered.length > 0,
    headings: summary.map(heading),
    rows: writes.map((each) => rowView(each, summary)),
    kinds: {
      headings: KIND_HEADS,
      rows: writes.flatMap((each) =>
        kinds.map((kind) => ({
          ...rowView(each, [...rates(kind), ...FRESH.map((name) => `freshness.${kind}.${name}`)]),
          kind: KIND_NAMES[kind],
        })),
      ),
    },
    checkpoints: {
      headings: parts.map(heading),
      rows: writes.flatMap((each) =>
        (each.trial.checkpoints ?? []).map((checkpoint) => ({
          ...rowView(each, []),
          time: `${formatNumber(checkpoint.from)}–${formatNumber(checkpoint.to)} s`,
          points: formatCount(checkpoint.points),
          writes: formatCount(checkpoint.writes),
          cells: parts.map((name) => checkpointCell(checkpoint, name, each.trial.flags)),
        })),
      ),
    },
  };
}

/** The same columns for each kind, in the order of its figures. */
const KIND_HEADS = [
  { title: 'Acknowledged', sub: 'per second' },
  { title: 'Write p50', sub: 'ms' },
  { title: 'Write p99', sub: 'ms' },
  { title: 'Seen at once', sub: 'share' },
  { title: 'Fresh p50', sub: 'ms' },
  { title: 'Fresh p99', sub: 'ms' },
  { title: 'Never seen', sub: '' },
];

function rowView({ series, setting, fullSetting, trial }: WrittenTrial, measures: readonly string[]) {
  const { rate, inserts, updates, deletes, metadataUpdates } = trial.workloadOptions ?? {};
  const metadata = metadataUpdates === undefined || metadataUpdates === 0 ? '' : ` + ${metadataUpdates}`;
  return {
    series: seriesView(series),
    setting: setting === '' ? fullSetting : setting,
    anchor: trialAnchor(trial.id),
    load: `${rate} queries,\n${inserts} + ${updates} + ${deletes}${metadata} writes/s`,
    cells: measures.map((name) => rowCell(name, trial)),
  };
}

const checkpointCell = ({ measures }: Checkpoint, name: string, flags: readonly string[]) =>
  cell(name, measures[name], flags);
