import type { Fault } from '../../common/faults.js';
import { wrongGroup } from './query-file.js';
import { parseSize, type Suite } from './schema.js';

export function memoryLimit(suite: Suite, faults: Fault[]): number | null {
  const { memoryLimit } = suite;
  if (memoryLimit === undefined || typeof memoryLimit === 'number') return memoryLimit ?? null;
  const bytes = parseSize(memoryLimit);
  if (bytes === undefined || bytes <= 0) {
    faults.push({
      path: ['memoryLimit'],
      what: 'must be a size such as 512MiB or 4GiB',
      got: memoryLimit,
    });
  }
  return bytes ?? null;
}

/** What is wrong with groups before the dataset is known. */
export function groupFaults({ queries, filters, fields }: Suite): Fault[] {
  const faults: Fault[] = [];
  if (queries.file !== undefined && filters !== undefined) {
    faults.push({
      path: ['filters'],
      what: 'cannot stand beside queries.file, which has filters of its own',
    });
  }
  for (const [i, { group }] of (filters ?? []).entries()) {
    const wrong = wrongGroup(group);
    if (wrong !== undefined) faults.push({ path: ['filters', i, 'group'], what: wrong, got: group });
  }
  for (const [i, name] of (fields ?? []).entries()) {
    if (fields!.indexOf(name) !== i) faults.push({ path: ['fields', i], what: 'is listed twice', got: name });
  }
  return faults;
}

export function distinctKs({ k }: Suite, faults: Fault[]): number[] {
  const ks = [k].flat();
  for (const [i, value] of ks.entries()) {
    if (ks.indexOf(value) !== i) faults.push({ path: ['k', i], what: 'is listed twice', got: value });
  }
  return ks.toSorted((a, b) => a - b);
}
