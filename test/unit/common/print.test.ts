import { describe, expect, test } from 'vitest';
import { printable } from '../../../common/print.js';
import { oneLine, visible } from '../../../common/visible.js';

const ESC = '\u001b';
const plain = (text: string, env: NodeJS.ProcessEnv = {}) => printable(text, { env });
const github = (text: string) => plain(text, { GITHUB_ACTIONS: 'true' });

describe('what is printed', () => {
  test.each([
    ['a title', `${ESC}]0;PWNED\u0007`],
    ['a link', `${ESC}]8;;http://evil\u0007x`],
    ['a moved cursor', `${ESC}[2A${ESC}[2K`],
    ['C1 controls', '\u009b2J\u0085\u009d0;x\u009c'],
    ['overwriting', 'failed\rpassed'],
    ['backspaces', 'bad\b\b\bgood'],
    ['turned writing', 'user\u202egnp.exe\u2066x\u2069\u200f'],
    ['other ends of lines', 'a\u2028b\u2029c\u000bd\fe'],
    ['what takes no room', 'a\u200bb\ufeffc'],
  ])('%s: nothing a terminal acts on', (_, text) => {
    const acting =
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;
    expect(text).toMatch(acting);
    expect(plain(text)).not.toMatch(acting);
    expect(printable(text, { styles: true, env: {} })).not.toMatch(acting);
    expect(visible(text)).not.toMatch(acting);
  });

  test('our own colours stay where they are asked for, and nothing else that begins like them', () => {
    const text = `${ESC}[31mred${ESC}[39m ${ESC}[8mhidden${ESC}[0m`;
    expect(printable(text, { styles: true, env: {} })).toBe(`${ESC}[31mred${ESC}[39m ␛[8mhidden${ESC}[0m`);
    expect(plain(text)).not.toContain(ESC);
  });

  test.each([
    '::error::owned',
    'x\n::stop-commands::tok\ny',
    'x\r\n  ::set-output name=a::b',
    '\t::add-mask::a',
    'x ##[error]owned',
    '##[group]x',
    'x\r::error::owned',
    ':::error::x',
  ])('%j is no command of GitHub Actions', (text) => {
    for (const line of github(text).split(/[\r\n]+/)) {
      expect(line.trim()).not.toMatch(/^::/);
      expect(line).not.toContain('##[');
    }
    expect(plain(text), 'elsewhere it is text').toContain(text.includes('##') ? '##[' : '::');
  });

  test('commands that are made here stay commands', () => {
    const text = '::error title=x::y\n';
    expect(printable(text, { commands: true, env: { GITHUB_ACTIONS: 'true' } })).toBe(text);
  });

  test('a name of others begins no line', () => {
    expect(oneLine('a\n::error::b\r\n c')).toBe('a ␤ ::error::b ␤ c');
  });
});
