import { definitionOf } from '../harness/model/measures/catalogue.js';
import { formatNumber, formatShare, MINUS } from './format.js';
import type { Change } from './model/comparison.js';

const STATES = {
  apart: 'intervals do not overlap',
  close: 'too close to tell',
  unknown: 'cannot be told: an interval is missing, or a figure is doubtful',
} as const;

/** `×1.12`, `+0.003`: what it is by itself, and in words what may be made of it. */
export function changeView(name: string, { value, state, better }: Change) {
  const share = definitionOf(name)?.unit === 'share';
  const sign = value < 0 ? MINUS : '+';
  const text = share ? `${sign}${formatShare(Math.abs(value))}` : `×${formatNumber(value)}`;
  const mark = state === 'apart' ? (better === undefined ? 'apart' : better ? 'better' : 'worse') : state;
  const words = mark === 'better' || mark === 'worse' ? `${mark}: ${STATES.apart}` : STATES[state];
  return { text, mark, sign: SIGNS[mark], words };
}

/** Colour alone says nothing. */
const SIGNS: Readonly<Record<string, string>> = {
  better: '▲',
  worse: '▼',
  apart: '≠',
  close: '≈',
  unknown: '?',
};
