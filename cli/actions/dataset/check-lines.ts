import type { CheckReport, FieldFacts, VectorFacts } from '../../../harness/app/check/types.js';
import { columnLines } from '../../../harness/app/dataset-options.js';
import { table } from '../../table.js';

/** The report of a check, for people. */
export function checkLines(report: CheckReport): string[] {
  const { info, points, compared, repeatedIds, queries, fields } = report;
  return [
    `${info.name}: ${info.count} points of ${info.dimensions} dimensions, ${info.metric} (${METRIC_SOURCE[info.metricSource]})`,
    ...columnLines(info, info.querySets[0]?.name ?? '').map((line) => `  ${line}`),
    '',
    `points: ${vectorLine(points)}`,
    `  ids: ${repeatedIds === 0 ? 'no two alike' : `${repeatedIds} repeated`}; vectors: ${repeats(points.duplicates)}${compared < info.count ? ` (among the first ${compared})` : ''}`,
    ...queries.flatMap(({ name, judged, vectors, idsOfPoints, vectorsOfPoints }) => [
      `queries ${name}: ${vectors.count}${judged ? ', judged' : ''}; ${vectorLine(vectors)}`,
      `  ${repeats(vectors.duplicates)}; ${vectorsOfPoints} have a point’s vector${idsOfPoints === null ? '' : `, ${idsOfPoints} a point’s id`}`,
    ]),
    ...(fields.length === 0 ? [] : ['', table(fields.map(fieldRow)).trimEnd()]),
    '',
    ...metricLines(report),
    ...hardnessLines(report),
    '',
    ...findingLines(report),
  ];
}

const METRIC_SOURCE = {
  declared: 'declared',
  file: 'said by the file',
  default: 'assumed: nothing says it',
} as const;

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const short = (value: number): string => String(Number(value.toPrecision(4)));

function vectorLine({ norms, unit, nonFinite, zero }: VectorFacts): string {
  const size =
    norms === null || unit === null
      ? 'no finite vector'
      : `norms ${short(norms.least)} to ${short(norms.greatest)}, median ${short(norms.median)}; ${percent(unit)} have norm 1`;
  return `${size}; ${nonFinite} not finite, ${zero} zero`;
}

function repeats(count: number): string {
  return count === 0 ? 'none repeated' : `${count} repeated`;
}

function fieldRow({ name, type, nulls, distinct, least, greatest }: FieldFacts) {
  return {
    field: name,
    type,
    nulls,
    values: distinct.atLeast ? `more than ${distinct.count}` : String(distinct.count),
    range: least === undefined ? '' : `${least} to ${greatest}`,
  };
}

function metricLines({ metric, info }: CheckReport): string[] {
  if (metric === null) return [];
  const { queries, ofPoints, same, provided, intrinsicDimension } = metric;
  const own = provided?.find((each) => each.metric === info.metric && each.shift === 0);
  return [
    ...(same === null
      ? []
      : [
          `metric: by ${queries} ${ofPoints ? 'points' : 'queries'} against all points, cosine and l2 share ${percent(same.cosineL2)} of the first 10, cosine and dot ${percent(same.cosineDot)}`,
        ]),
    ...(own === undefined
      ? []
      : [`  the file’s own neighbours: ${percent(own.share)} are exact ones by ${info.metric}`]),
    ...(intrinsicDimension === null
      ? []
      : [
          `  local intrinsic dimension ${short(intrinsicDimension)} (median; random data has ${info.dimensions})`,
        ]),
  ];
}

function hardnessLines({ hardness, info }: CheckReport): string[] {
  if (hardness.state === 'unmeasured') return [`HNSW: not measured: ${hardness.reason}`];
  const { points, queries, k, recall, queriesNeeded } = hardness;
  const of = points < info.count ? `a sample of ${points} points` : `all ${points} points`;
  return [
    ...recall.map(
      ({ ef, mean }) =>
        `HNSW as it comes (usearch, ef ${ef}), ${of}, ${queries} queries: recall@${k} ${mean.toFixed(4)}${points < info.count ? '; lower with all points' : ''}`,
    ),
    ...(queriesNeeded === null
      ? []
      : [`  to see a recall that is a point lower: ${queriesNeeded} queries (unpaired, power 0.9)`]),
  ];
}

function findingLines({ findings }: CheckReport): string[] {
  if (findings.length === 0) return ['nothing to object to'];
  return findings.flatMap(({ severity, what, next }) => [
    `${severity}: ${what}`,
    ...(next === undefined ? [] : [`  next: ${next}`]),
  ]);
}
