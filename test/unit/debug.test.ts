import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isDebugLine } from '../../common/debug.js';
import { compiledModule } from '../../common/paths.js';

/** What a process with this environment prints on stderr, and how often texts were made. */
function printed(value: string | undefined): { lines: string[]; made: number; unknown: string[] } {
  const script = `
    import { debug, unknownDebugNamespaces } from ${JSON.stringify(pathToFileURL(compiledModule('common/debug.js')).href)};
    let made = 0;
    const lines = [];
    process.stderr.write = (text) => lines.push(text);
    for (const name of ['run', 'engine']) debug(name, () => \`of \${name} \${++made}\`);
    console.log(JSON.stringify({ lines, made, unknown: unknownDebugNamespaces() }));`;
  const { VECPROOF_DEBUG: _, ...env } = process.env;
  const options = {
    encoding: 'utf8',
    env: value === undefined ? env : { ...env, VECPROOF_DEBUG: value },
  } as const;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], options));
}

describe('VECPROOF_DEBUG', () => {
  test.each([undefined, '', 'process', 'runs'])('%j: nothing is printed, no text is made', (value) => {
    expect(printed(value)).toMatchObject({ lines: [], made: 0 });
  });

  test('prints the namespaces that are named, one line each', () => {
    const { lines, made } = printed(' engine , workload');
    expect(made).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^vecproof:engine \d+\.\d{3} of engine 1\n$/)]);
    expect(isDebugLine(lines[0]!)).toBe(true);
    expect(isDebugLine('vecproof: something else'), 'a line of an engine is its own').toBe(false);
  });

  test('* stands for all; what is no namespace is told', () => {
    expect(printed('*').lines).toHaveLength(2);
    expect(printed('*,runs').unknown).toEqual(['runs']);
  });
});
