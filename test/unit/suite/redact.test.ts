import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactor } from '../../../common/redact.js';

const name = (variable: string) => `$\{${variable}}`;

describe('a redactor', () => {
  test('hides the longer value first, so that no rest of it stays', () => {
    const { text } = redactor([
      { name: 'SHORT', value: 'abcd' },
      { name: 'LONG', value: 'abcdefgh' },
    ]);
    expect(text('x abcdefgh y abcd')).toBe(`x ${name('LONG')} y ${name('SHORT')}`);
  });

  test('takes values as they are, not as patterns', () => {
    expect(redactor([{ name: 'A', value: 'a.*$&' }]).text('a.*$& axxx')).toBe(`${name('A')} axxx`);
  });

  test('leaves texts readable where a value is too short to be a secret', () => {
    expect(
      redactor([
        { name: 'A', value: '' },
        { name: 'B', value: '10' },
      ]).text('10 of 100'),
    ).toBe('10 of 100');
  });

  test('reaches every string of a value, and gives it back', () => {
    const { json, reveal } = redactor([{ name: 'KEY', value: 'sesame' }]);
    const value = { url: 'http://sesame@x', list: ['sesame', 3, null, { deep: 'open sesame' }], no: true };
    expect(JSON.stringify(json(value))).not.toContain('sesame');
    expect(reveal(json(value))).toEqual(value);
  });

  test('no value of four characters or more is left in any text', () => {
    const secret = fc.string({ minLength: 4, maxLength: 12 }).filter((value) => !name('KEY').includes(value));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const { text } = redactor([{ name: 'KEY', value }]);
        // What the replacement itself makes up with its surroundings is no leak of the value.
        const parts = text(before + value + after).split(name('KEY'));
        expect(parts.length).toBeGreaterThan(1);
        for (const part of parts) expect(part).not.toContain(value);
      }),
    );
  });
});
