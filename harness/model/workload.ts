import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Workload } from './plan.js';
import { WRITES_WORKLOAD } from './writes.js';

/** One client that waits: the next query is sent when the previous one was answered. What a trial has if nothing is said. */
export const SERIAL: Workload = { type: 'serial', options: {} };

/** A way to send queries, as suites name it: what is known of it without running anything. */
export interface WorkloadKind {
  type: string;
  /** One sentence, for editors and `vecproof list`. */
  description: string;
  /** JSON Schemas of its options, one value each; the suite adds lists. */
  optionSchemas(): Readonly<Record<string, object>>;
  /** Pure. Checks one combination and fills in the defaults; paths of faults begin with the option. */
  parse(options: ParameterSet): ParsedWorkload;
}

export type ParsedWorkload =
  | { state: 'ok'; options: ParameterSet }
  | { state: 'invalid'; issues: readonly Fault[] };

export function isSerial({ type }: Pick<Workload, 'type'>): boolean {
  return type === SERIAL.type;
}

/** Queries are due at times of their own, whether earlier ones were answered or not. */
export function isOpenLoop({ type }: Pick<Workload, 'type'>): boolean {
  return type === 'constant-rate' || type === 'ramping-rate' || type === WRITES_WORKLOAD;
}

/** Points are written while they are searched: nothing else can be measured on the same build, and the run's truth is not its. */
export function changesCollection({ type }: Pick<Workload, 'type'>): boolean {
  return type === WRITES_WORKLOAD;
}

/** `constant-rate rate=200` */
export function workloadText({ type, options }: Workload): string {
  return [type, ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(' ');
}

/** The workload of a stored row. */
export function workloadOf(row: { workload: string; workloadOptions?: ParameterSet | undefined }): Workload {
  return { type: row.workload, options: { ...row.workloadOptions } };
}
