import { describe, expect, test } from 'vitest';
import { redactor } from '../../../common/redact.js';
import { ENCODINGS, spellsOut } from '../../security/encodings.js';

const KEYS = {
  plain: 'sk-Live_7f3A9c2E8b1D4056',
  quotes: 'p"4\\ss/w+rd=?&%<>\'#é~ok-17',
  words: 'correct horse battery staple 9',
  short: 'tr0ub4d0r&3',
};
const AROUND = ['', 'HTTP 400: bad key ', 'x=1&key='];

describe.each(Object.entries(KEYS))('a key of %s', (_, value) => {
  test.each(Object.entries(ENCODINGS))('%s', (_, encode) => {
    const { text, firm } = redactor([{ name: 'KEY', value }]);
    for (const before of AROUND) {
      for (const hide of [text, firm]) {
        const hidden = hide(`${before}${encode(value)} and so on`);
        expect(spellsOut(hidden, value), hidden).toBe(false);
        expect(hidden).toMatch(/ and so on$|\$\{KEY\}$/);
      }
    }
  });
});

test('any part of 8 and more characters of a long key is hidden, in any of these forms', () => {
  const value = KEYS.plain;
  const { text } = redactor([{ name: 'KEY', value }]);
  for (let at = 0; at + 8 <= value.length; at++) {
    const part = value.slice(at, at + 8 + (at % 5));
    for (const encode of Object.values(ENCODINGS)) {
      const hidden = text(`got ${encode(part)}…`);
      expect(spellsOut(hidden, part), hidden).toBe(false);
    }
  }
  expect(text(`got ${value.slice(0, 7)}`)).toContain(value.slice(0, 7));
});

test('the password in an address is hidden by itself', () => {
  const { text, reveal } = redactor([{ name: 'DB_URL', value: 'postgres://me:p%40ss-w0rd-17@db.example/x' }]);
  expect(text('password p@ss-w0rd-17 is wrong')).toBe('password <password of DB_URL> is wrong');
  expect(reveal(text('postgres://me:p%40ss-w0rd-17@db.example/x'))).toContain('p%40ss-w0rd-17');
});

test('values that could be words or figures of ours change no file', () => {
  const secrets = [
    { name: 'K', value: '1000' },
    { name: 'METRIC', value: 'cosine' },
    { name: 'NAME', value: 'vectorsearch' },
    { name: 'HOME', value: process.cwd() },
  ];
  const file = `{"count":1000,"metric":"cosine","path":"${process.cwd()}/x","of":"vectorsearch"}`;
  const { firm, text } = redactor(secrets);
  expect(firm(file)).toBe(file);
  expect(text('metric cosine')).not.toContain('cosine');
});

test('JSON stays JSON, and HTML has no tag that was not there', () => {
  const value = KEYS.quotes;
  const { firm } = redactor([{ name: 'KEY', value, shown: '<key>' }]);
  const json = JSON.stringify({ error: `bad ${value}`, more: [JSON.stringify({ key: value })], n: 1 });
  expect(JSON.parse(firm(json))).toMatchObject({ error: 'bad <key>', n: 1 });
  expect(firm(`<b>${value}</b>`, (shown) => shown.replaceAll('<', '&lt;'))).toBe('<b>&lt;key></b>');
});

test('a page of a megabyte takes no seconds', () => {
  const { firm } = redactor([{ name: 'KEY', value: KEYS.plain }]);
  const row = '<tr><td class="number">recall@10</td><td>0.9876543</td><td>M12.5 30.25L17 4.5Z</td></tr>\n';
  const page = row.repeat(Math.ceil(2 ** 20 / row.length));
  const before = process.cpuUsage();
  expect(firm(page)).toBe(page);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(3);
});
