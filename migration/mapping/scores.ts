import type { Metric } from '../../datasets/dataset.js';
import type { ScoreForm } from '../../engines/contract/capabilities.js';
import { distanceOf, scoreOf } from '../../harness/measures/scores.js';
import type { MappedThreshold, MappedVector } from './mapping.js';

/** What a score of one side is. */
export interface ScoreSide {
  metric: Metric;
  form: ScoreForm;
}

/** Larger is nearer: a threshold is a least score. */
export function isSimilarity(form: ScoreForm): boolean {
  return form === 'cos' || form === 'dot';
}

/** As a formula of `s`, the source's score; empty: they are the same number. Undefined: not under any unit vectors. */
export function scoreRule(source: ScoreSide, target: ScoreSide): string {
  if (source.metric !== target.metric) return `by unit vectors alone: from ${source.form} to ${target.form}`;
  if (source.form === target.form) return '';
  const rules: Partial<Record<ScoreForm, Partial<Record<ScoreForm, string>>>> = {
    '1-cos': { cos: '1 - s' },
    cos: { '1-cos': '1 - s' },
    '1-dot': { '-dot': 's - 1', dot: '1 - s' },
    '-dot': { '1-dot': '1 + s', dot: '-s' },
    dot: { '1-dot': '1 - s', '-dot': '-s' },
    squared: { root: 'sqrt(s)' },
    root: { squared: 's * s' },
  };
  return rules[source.form]?.[target.form] ?? '';
}

/**
 * A threshold on the source's scores as one on the target's. Between metrics there is one for vectors of length 1
 * alone, where 1 - cos, -dot and the squared Euclidean distance / 2 - 1 order and measure alike.
 *
 * @param unit whether all vectors (and so those of the queries) have length 1
 */
export function translateThreshold(
  value: number,
  source: ScoreSide,
  target: ScoreSide,
  unit: boolean,
): Omit<MappedThreshold, 'vector' | 'source'> {
  const keeps = isSimilarity(target.form) ? ('at least' as const) : ('at most' as const);
  const none = (why: string) => ({ target: null, keeps: null, why });
  const distance = distanceOf(value, source.form);
  if (!Number.isFinite(distance))
    return none(`no distance has the score ${value} of the form ${source.form}`);
  if (source.metric === target.metric) {
    return { target: scoreOf(distance, target.form), keeps, why: scoreRule(source, target) };
  }
  if (!unit)
    return none(
      `${source.metric} and ${target.metric} measure alike for vectors of length 1 alone, and not all of these have it`,
    );
  const cosine = cosineOf(distance, source.metric);
  if (cosine < -1 || cosine > 1) return none(`no two vectors of length 1 have the score ${value}`);
  return {
    target: scoreOf(distanceFrom(cosine, target.metric), target.form),
    keeps,
    why: `all vectors have length 1, where ${source.metric} gives ${target.metric}`,
  };
}

/** Of two unit vectors at a distance of `harness/measures/distance.ts`. */
function cosineOf(distance: number, metric: Metric): number {
  if (metric === 'cosine') return 1 - distance;
  return metric === 'dot' ? -distance : 1 - (distance * distance) / 2;
}

function distanceFrom(cosine: number, metric: Metric): number {
  if (metric === 'cosine') return 1 - cosine;
  return metric === 'dot' ? -cosine : Math.sqrt(Math.max(0, 2 - 2 * cosine));
}

/** Both forms of a vector's scores, as far as they are known. */
export function scoresOf(
  source: ScoreSide | undefined,
  target: ScoreSide | undefined,
): NonNullable<MappedVector['scores']> {
  return {
    source: source?.form ?? null,
    target: target?.form ?? null,
    rule: source === undefined || target === undefined ? '' : scoreRule(source, target),
  };
}
