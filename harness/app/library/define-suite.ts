import { join } from 'node:path';
import { stringify } from 'yaml';
import type { z } from 'zod';
import type { JudgedBy } from '../../gate/gates.js';
import type { Level } from '../../gate/levels.js';
import { IN_CODE } from '../../suite/faults.js';
import type { parityEntrySchema, suiteSchema } from '../../suite/schema.js';
import { openSuite, type SuiteText } from '../places.js';

type Written = z.input<typeof suiteSchema>;
type WrittenEngine = Written['engines'][number];
type WrittenParity = z.input<typeof parityEntrySchema>;

/** A threshold such as `mean >= 0.95`, or one with options; see docs/gates.md. */
export type GateDefinition = string | { check: string; level?: Level; by?: JudgedBy };

/** By measure, with selectors: `{ 'recall@10{ef:64}': 'mean >= 0.95' }`. */
export interface GateDefinitions {
  preset?: string;
  /** What a verdict counts as that the data cannot decide; default: `warn`. */
  inconclusive?: Level;
  [subject: string]: GateDefinition | readonly GateDefinition[] | undefined;
}

/** A suite as an object: the same keys and values as in YAML (docs/suites.md). */
export type SuiteDefinition = Omit<Written, 'engines' | 'parity' | 'gates'> & {
  engines: (Omit<WrittenEngine, 'use'> & {
    /** Name of the engine. */
    use: string;
  })[];
  parity?: WrittenParity | WrittenParity[] | undefined;
  gates?: GateDefinitions | undefined;
};

/** A suite that was defined in code. It is checked, with all its faults at once, when it is planned or run. */
export interface DefinedSuite {
  readonly name: string;
  /** The suite as a file would hold it; every run keeps a copy. */
  readonly yaml: string;
}

/**
 * Defines a suite in code. Values of `${VARIABLES}` come from the environment when it is run, as in a file, and are
 * stored nowhere; relative paths start at the working directory that is given to `runSuite`.
 */
export function defineSuite(definition: SuiteDefinition): DefinedSuite {
  return Object.freeze({ name: definition.name, yaml: stringify(definition) });
}

/** @param suite a defined suite, the path of a file, or the name of a suite that comes with vecproof */
export function suiteTextOf(suite: DefinedSuite | string, cwd: string): SuiteText {
  if (typeof suite === 'string') return openSuite(suite, cwd);
  return { text: suite.yaml, given: IN_CODE, path: join(cwd, IN_CODE) };
}
