import { modelFacts } from './models.js';
import type { CheckReport, Finding, VectorFacts } from './types.js';

type Facts = Omit<CheckReport, 'findings'>;

/** Below, an exact scan answers in about a millisecond, and engines differ by their overhead. */
const FEW_POINTS = 10_000;
/** Recall from which on the data cannot tell good settings from bad ones. */
const EASY = 0.995;
const MANY_DUPLICATES = 0.01;
const AGREES = 0.99;
const UNIT = 0.999;

/** What a user should know before measuring with the dataset. */
export function findingsOf(facts: Facts, model: string | undefined): Finding[] {
  return [
    ...(facts.info.warnings ?? []).map((what) => warning(what)),
    ...invalid(facts),
    ...repeated(facts),
    ...queriesAmongPoints(facts),
    ...metricFindings(facts),
    ...(model === undefined ? [] : modelFindings(facts, model)),
    ...sizeFindings(facts),
  ];
}

const warning = (what: string, next?: string): Finding => ({ severity: 'warning', what, next });
const fault = (what: string, next?: string): Finding => ({ severity: 'fault', what, next });
const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

function invalid({ info, points, queries }: Facts): Finding[] {
  const of = (facts: VectorFacts, words: string): Finding[] => {
    const found: Finding[] = [];
    if (facts.nonFinite > 0)
      found.push(
        fault(
          `${facts.nonFinite} of ${facts.count} ${words} have NaN or infinite components`,
          'compute them again, or leave them out: --skip-invalid non-finite',
        ),
      );
    if (facts.zero > 0 && info.metric === 'cosine')
      found.push(
        fault(
          `${facts.zero} of ${facts.count} ${words} are zero, which have no direction under cosine`,
          'leave them out (--skip-invalid zero), or declare the metric dot or l2',
        ),
      );
    else if (facts.zero > 0) found.push(warning(`${facts.zero} of ${facts.count} ${words} are zero`));
    return found;
  };
  return [of(points, 'points'), ...queries.map((set) => of(set.vectors, `queries (${set.name})`))].flat();
}

function repeated({ points, repeatedIds, queries, compared }: Facts): Finding[] {
  const found: Finding[] = [];
  if (repeatedIds > 0)
    found.push(
      fault(
        `${repeatedIds} points have an id that another point has`,
        'give every point an id of its own, or choose another column: --id',
      ),
    );
  const share = points.duplicates / compared;
  if (share > MANY_DUPLICATES)
    found.push(
      warning(
        `${percent(share)} of the points have the vector of another one: neighbours tie, and recall by id counts ties as losses`,
        'look at the tie-aware recall (recall.ties@k)',
      ),
    );
  for (const { name, vectors } of queries) {
    if (vectors.duplicates > vectors.count * MANY_DUPLICATES)
      found.push(
        warning(
          `${vectors.duplicates} of ${vectors.count} queries (${name}) repeat another one: they are fewer than they look`,
        ),
      );
  }
  return found;
}

function queriesAmongPoints({ queries }: Facts): Finding[] {
  return queries.flatMap(({ name, vectors, vectorsOfPoints, idsOfPoints, judged }) => {
    const found: Finding[] = [];
    if (vectorsOfPoints > vectors.count / 2)
      found.push(
        warning(
          `${vectorsOfPoints} of ${vectors.count} queries (${name}) are points of the dataset by their vector: the first hit is no achievement`,
          'take queries that are no points',
        ),
      );
    if (judged && idsOfPoints !== null && idsOfPoints > 0)
      found.push(
        warning(
          `${idsOfPoints} of ${vectors.count} queries (${name}) have the id of a document`,
          'BEIR leaves that document out of the answer: relevance: { excludeSelf: true } in a suite',
        ),
      );
    return found;
  });
}

function metricFindings({ info, points, metric }: Facts): Finding[] {
  const found: Finding[] = [];
  const allUnit = (points.unit ?? 0) >= UNIT;
  if (info.metricSource === 'default') {
    const harmless = allUnit ? ': all vectors have norm 1, so every metric gives the same neighbours' : '';
    found.push(
      warning(
        `nothing says which metric is meant; ${info.metric} is assumed${harmless}`,
        '--metric, or dataset.metric in a suite',
      ),
    );
  }
  if (metric?.unusable !== undefined)
    found.push(warning(`the file's own neighbours could not be compared: ${metric.unusable}`));
  if (metric?.provided != null) found.push(...providedFindings(info.metric, metric.provided));
  else if (
    !allUnit &&
    info.metricSource === 'default' &&
    metric?.same != null &&
    metric.same.cosineL2 < AGREES
  )
    found.push(
      warning(
        `the choice of the metric matters: cosine and l2 share ${percent(metric.same.cosineL2)} of the first 10 neighbours, cosine and dot ${percent(metric.same.cosineDot)}`,
      ),
    );
  return found;
}

function providedFindings(
  metric: string,
  provided: NonNullable<NonNullable<Facts['metric']>['provided']>,
): Finding[] {
  const own = provided.find((each) => each.metric === metric && each.shift === 0)!;
  if (own.share >= AGREES) return [];
  const best = provided.reduce((a, b) => (b.share > a.share ? b : a));
  const what = `${percent(own.share)} of the file's own neighbours are exact ones by ${metric}`;
  if (best.share < Math.max(0.9, own.share + 0.05))
    return [
      warning(
        `only ${what}: they may be of other points, of a part of them, or of vectors before normalisation or rounding`,
      ),
    ];
  const shift = best.shift === 0 ? '' : best.shift < 0 ? ', counted from 1' : ', one too low';
  return [
    warning(
      `only ${what}, but ${percent(best.share)} by ${best.metric}${shift}`,
      best.metric === metric ? undefined : `if that is what was meant: --metric ${best.metric}`,
    ),
  ];
}

function modelFindings({ info, points }: Facts, name: string): Finding[] {
  const model = modelFacts(name);
  if (model === undefined) return [warning(`nothing is known here of the model "${name}"`)];
  const found: Finding[] = [];
  const { dimensions } = info;
  const fits =
    model.dimensions.includes(dimensions) || (model.upTo === true && dimensions < model.dimensions[0]!);
  if (!fits)
    found.push(
      warning(
        `${name} gives ${model.dimensions.join(' or ')} dimensions, these vectors have ${dimensions}`,
        'check which model the vectors are of',
      ),
    );
  if (model.unit === true && (points.unit ?? 1) < UNIT)
    found.push(
      warning(
        `${name} gives vectors of norm 1, but only ${percent(points.unit ?? 0)} of these have it`,
        'they may be shortened without being normalised again, summed up, or of another model',
      ),
    );
  if (!model.metrics.includes(info.metric) && (points.unit ?? 0) < UNIT)
    found.push(
      warning(
        `${name} is made for ${model.metrics.join(' or ')}, the dataset says ${info.metric}`,
        `--metric ${model.metrics[0]}`,
      ),
    );
  return found;
}

function sizeFindings({ info, points, queries, hardness }: Facts): Finding[] {
  const found: Finding[] = [];
  if (info.count < FEW_POINTS)
    found.push(
      warning(
        `${info.count} points are too few to tell engines apart: a scan of all of them is fast`,
        `take ${FEW_POINTS} or more, and as many as production will have`,
      ),
    );
  if (queries.length === 0)
    found.push(warning('it has no queries', 'give a file with query vectors: --queries'));
  if (hardness.state !== 'measured') return found;
  const [{ mean, ef } = { mean: 0, ef: 0 }] = hardness.recall;
  if (mean >= EASY)
    found.push(
      warning(
        `it is easy: HNSW as it comes (ef ${ef}) has recall@${hardness.k} ${mean.toFixed(4)}${hardness.points < points.count ? ` on ${hardness.points} of its points` : ''}, so recall hardly tells engines apart`,
        'sweep smaller ef, or take more or harder data',
      ),
    );
  const needed = hardness.queriesNeeded;
  if (needed === null) return found;
  for (const { name, vectors } of queries) {
    if (vectors.count < needed)
      found.push(
        warning(
          `${vectors.count} queries (${name}) are too few: to see a recall that is a point lower, about ${needed} are needed (unpaired; pairs need fewer)`,
          'give more queries',
        ),
      );
  }
  return found;
}
