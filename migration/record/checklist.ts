import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { LEAST_SHARE } from '../plan/stages/parity.js';
import { countWords } from '../plan/words.js';

/** An item of the checklist, and the stages of which all have to be done for it. */
export interface ChecklistItem {
  item: string;
  title: string;
  stages: readonly string[];
  /** What its evidence says, in a sentence; undefined: it cannot be read. Only asked of evidence that is intact. */
  says?(folder: string): string | undefined;
  /** What is missing although its stages are done; by the evidence. */
  missing?(folder: string): readonly string[];
}

function json(folder: string, name: string): Record<string, unknown> | undefined {
  const path = join(folder, name);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readRegularText(path, MOST_RECORD)) as Record<string, unknown>;
  } catch {
    // Its hash says already that it is not what was written.
    return undefined;
  }
}

const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

function notCompared(folder: string): readonly string[] {
  return json(folder, 'parity.json')?.['run'] === null
    ? ['nothing was compared: the plan names no queries']
    : [];
}

function judgedIn(folder: string, name: string): { all: number; compared: number } | undefined {
  const places = json(folder, name)?.['places'] as
    | { queries?: { all?: number; compared?: number } }
    | undefined;
  const [all, compared] = [number(places?.queries?.all), number(places?.queries?.compared)];
  return all === undefined || compared === undefined ? undefined : { all, compared };
}

/** A copy was compared while its source was written to, and nothing was compared since. */
function tooFew(folder: string): readonly string[] {
  const first = judgedIn(folder, 'parity.json');
  if (first === undefined || first.compared >= LEAST_SHARE * first.all) return [];
  return judgedIn(folder, 'confirmed.json') === undefined
    ? [`only ${first.compared} of ${countWords(first.all, 'query', 'queries')} could be judged`]
    : [];
}

export const CHECKLIST: readonly ChecklistItem[] = [
  { item: 'inventory', title: 'Inventory of the source', stages: ['inventory'] },
  {
    item: 'export',
    title: 'Export with hashes',
    stages: ['export'],
    says: (folder) => {
      const counts = json(folder, 'export/manifest.json')?.['counts'] as { exported?: number } | undefined;
      return counts?.exported === undefined ? undefined : `${countWords(counts.exported, 'point')} exported`;
    },
  },
  { item: 'validation', title: 'Validation of what was exported', stages: ['validate'] },
  { item: 'schema', title: 'Target schema and accepted losses', stages: ['map'] },
  {
    item: 'index',
    title: 'Index, tuned by measuring',
    stages: ['load', 'parity'],
    missing: (folder) =>
      notCompared(folder).length === 0
        ? []
        : ['the index is a starting point: its recall and latency were not measured'],
  },
  {
    item: 'import',
    title: 'Import, verified point by point',
    stages: ['load', 'verify'],
    says: (folder) => {
      const counts = json(folder, 'verify.json')?.['counts'] as Record<string, unknown> | undefined;
      const [matching, missing] = [number(counts?.['matching']), number(counts?.['missing'])];
      if (matching === undefined) return undefined;
      return `${countWords(matching, 'point')} equal${missing === 0 || missing === undefined ? '' : `, ${missing} left out knowingly`}`;
    },
  },
  {
    item: 'parity',
    title: 'Recall parity',
    stages: ['parity'],
    says: (folder) => {
      const [first, again] = [judgedIn(folder, 'parity.json'), judgedIn(folder, 'confirmed.json')];
      if (first === undefined) return undefined;
      const words = `${first.compared} of ${countWords(first.all, 'query', 'queries')} compared`;
      return again === undefined ? words : `${words}, ${again.compared} of the synchronised sides`;
    },
    missing: (folder) => [...notCompared(folder), ...tooFew(folder)],
  },
  { item: 'synchronisation', title: 'Live synchronisation', stages: ['capture', 'synchronise'] },
  { item: 'ramp', title: 'Shadow reads and ramp', stages: ['shadow', 'confirm', 'ramp'] },
  { item: 'rollback', title: 'Rollback kept until the end', stages: ['observe', 'finish'] },
];
