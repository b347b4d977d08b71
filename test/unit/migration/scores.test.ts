import { describe, expect, test } from 'vitest';
import { distanceOf, SCORE_FORMS, scoreOf } from '../../../harness/measures/scores.js';
import { scoreRule, translateThreshold } from '../../../migration/mapping/scores.js';

test('a distance is the inverse of its score in every form', () => {
  for (const form of SCORE_FORMS) expect(distanceOf(scoreOf(0.37, form), form)).toBeCloseTo(0.37, 12);
  expect(distanceOf(-1, 'squared')).toBeNaN();
});

describe('a threshold', () => {
  test.each([
    ['cosine', 0.3, '1-cos', 'cos', 0.7, 'at least'],
    ['cosine', 0.7, 'cos', '1-cos', 0.3, 'at most'],
    ['l2', 4, 'squared', 'root', 2, 'at most'],
    ['l2', 2, 'root', 'squared', 4, 'at most'],
    ['dot', -3, '-dot', 'dot', 3, 'at least'],
    ['dot', 0.25, '1-dot', 'dot', 0.75, 'at least'],
  ] as const)('under %s of %d as %s is, as %s, %d, %s', (metric, value, from, to, wanted, keeps) => {
    const found = translateThreshold(value, { metric, form: from }, { metric, form: to }, false);
    expect(found.target).toBeCloseTo(wanted, 12);
    expect(found.keeps).toBe(keeps);
  });

  test('goes from one metric to another where all vectors have length 1, and nowhere else', () => {
    const [source, target] = [
      { metric: 'cosine', form: '1-cos' },
      { metric: 'l2', form: 'squared' },
    ] as const;
    // |a - b|^2 = 2 - 2 cos
    expect(translateThreshold(0.2, source, target, true).target).toBeCloseTo(0.4, 12);
    expect(translateThreshold(0.2, source, target, false)).toMatchObject({ target: null, keeps: null });
    expect(translateThreshold(3, source, target, true)).toMatchObject({ target: null });
  });

  test('that no distance has is not translated', () => {
    const l2 = (form: 'squared' | 'root') => ({ metric: 'l2', form }) as const;
    expect(translateThreshold(-1, l2('squared'), l2('root'), true)).toMatchObject({ target: null });
  });
});

test('the rule in words computes what the code computes', () => {
  const metrics = {
    '1-cos': 'cosine',
    cos: 'cosine',
    '1-dot': 'dot',
    '-dot': 'dot',
    dot: 'dot',
    squared: 'l2',
    root: 'l2',
  } as const;
  for (const from of SCORE_FORMS) {
    for (const to of SCORE_FORMS.filter((each) => metrics[each] === metrics[from])) {
      const [source, target] = [
        { metric: metrics[from], form: from },
        { metric: metrics[to], form: to },
      ];
      const rule = scoreRule(source, target) || 's';
      const value = new Function('s', 'sqrt', `return ${rule}`)(0.36, Math.sqrt) as number;
      expect(value, `${from} to ${to}: ${rule}`).toBeCloseTo(
        translateThreshold(0.36, source, target, false).target!,
        12,
      );
    }
  }
});
