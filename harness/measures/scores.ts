import type { ScoreForm } from '../../engines/contract/capabilities.js';

export const SCORE_FORMS = [
  '1-cos',
  '1-dot',
  '-dot',
  'squared',
  'root',
  'cos',
  'dot',
] as const satisfies readonly ScoreForm[];

/**
 * Largest difference of an engine's score from the harness's distance that rounding of float32 sums explains: 2e-5 of
 * the score, or of 1 where that is larger. Measured on 384 dimensions, float32 engines stay below 1e-6; eight-bit codes
 * differ by 1e-3 and more, bfloat16 by 1e-4 and more.
 */
export const SCORE_MARGIN = 2e-5;

/** The score that an engine should give for a distance (`distance.ts`). */
export function scoreOf(distance: number, form: ScoreForm): number {
  switch (form) {
    case '1-cos':
    case '-dot':
    case 'root':
      return distance;
    case '1-dot':
      return 1 + distance;
    case 'squared':
      return distance * distance;
    case 'cos':
      return 1 - distance;
    case 'dot':
      return -distance;
  }
}

/** The distance that a score tells: the inverse of `scoreOf`; NaN for a squared distance below 0. */
export function distanceOf(score: number, form: ScoreForm): number {
  switch (form) {
    case '1-cos':
    case '-dot':
    case 'root':
      return score;
    case '1-dot':
      return score - 1;
    case 'squared':
      return Math.sqrt(score);
    case 'cos':
      return 1 - score;
    case 'dot':
      return -score;
  }
}

/** Whether an engine's own score is another one than its vectors give; a score that is no number says nothing. */
export function deviates(score: number, distance: number, form: ScoreForm): boolean {
  if (Number.isNaN(score)) return false;
  const wanted = scoreOf(distance, form);
  return Math.abs(score - wanted) > SCORE_MARGIN * Math.max(1, Math.abs(wanted));
}
