import { expect } from 'vitest';
import { vecproof } from './cli.js';
import { npy, randomVectors, type Vectors } from './data.js';
import { Workspace } from './workspace.js';

export const POINTS = randomVectors(50, 4);
export const QUERIES = randomVectors(5, 4, 2);

export interface BadData {
  /** `dataset:` of the suite. */
  dataset: string;
  /** Files beside the suite. */
  files?: Record<string, string | Uint8Array>;
  k?: number;
  queries?: string;
}

/** Runs a suite on data that cannot be used: exit code 2, and neither a run nor half-written files are left. */
export async function refused(given: BadData, work = new Workspace()): Promise<string> {
  for (const [name, content] of Object.entries(given.files ?? {})) work.write(name, content);
  work.write('suite.yaml', suiteOn(given));
  const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml'], work);
  expect(code, stderr).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).not.toContain('unexpected:');
  expect(stderr, 'says what to do').toMatch(/^ {2}next: /m);
  expect(work.runs).toEqual([]);
  expect(work.halfWritten()).toEqual([]);
  return stderr;
}

export function suiteOn({ dataset, k = 5, queries = '{}' }: BadData): string {
  return `version: 1
name: bad data
dataset: ${dataset}
queries: ${queries}
k: ${k}
engines: [{ use: "null" }]
`;
}

export const npyFiles = (points: Vectors, queries: Vectors = QUERIES) => ({
  'points.npy': npy(points),
  'points.queries.npy': npy(queries),
});
