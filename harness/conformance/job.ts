import type { Endpoint } from '../../engines/contract/server.js';
import type { EngineReference } from '../../engines/open.js';
import type { ProcessMessage } from '../process/protocol.js';
import type { Task } from '../process/task.js';
import type { CheckResult, Step } from './runner.js';

/** What a process that runs checks is given. */
export interface ChecksJob {
  reference: EngineReference;
  /** How its server is provided; undefined for embedded engines. */
  mode: string | undefined;
  endpoint: Endpoint | undefined;
  /** The supervisor can restart the server. */
  restartable: boolean;
  /** See `Reached.nameEnd`. */
  nameEnd: string | undefined;
  /** Index of the first check. */
  from: number;
  /** Where the bundled dataset is kept once it is converted. */
  cacheFolder: string;
  /** Parent of the engine's folders. */
  workFolder: string;
}

/** Checks as a task: each is a phase with a deadline of its own. */
export interface ChecksTypes {
  input: ChecksJob;
  phase: 'check' | 'sweep';
  deadline: 'check' | 'sweep';
  message: { type: 'step'; step: Step } | { type: 'result'; at: number | undefined; result: CheckResult };
  report: never;
}

export type ChecksMessage = ProcessMessage<ChecksTypes>;

export const checksTask: Task<ChecksTypes> = {
  name: 'check',
  module: 'harness/conformance/process.js',
  first: 'check',
  phases: { check: 'check', sweep: 'sweep' },
  deadlineOption: '--deadline',
};
