import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { LoadFacts, SharedPasses } from '../model/events.js';
import type { PlannedTrial } from '../model/plan.js';
import type { TrialShape } from './executors/executor.js';
import { executorOf } from './executors/registry.js';
import { ForeignLoad } from './foreign-load.js';
import type { Written } from './writes/record.js';

/** A trial while it is measured. */
export interface Trial extends PlannedTrial {
  /** Passes that it has to have. */
  passes: number;
  /** Repetitions an earlier process has left on disk. */
  done: ReadonlySet<number>;
  /** Passes came from an earlier process, that is, from another build of the same index. */
  resumed: boolean;
  origin: number | undefined;
  effective: ParameterSet | undefined;
  /** Of the passes of this process. */
  foreign: ForeignLoad;
  /** Of its passes, once it has ended. */
  spans: readonly { wall: number; inside: number }[];
  failed: boolean;
  /** What its pass has changed; of a workload that changes the collection alone. */
  written?: Written;
  /** CPU of this process in the pass in which it was most, in cores; of a load on a server alone. */
  clientCores: number | undefined;
  /** CPU of this process in the passes of a load, in cores by pass; of an engine in this process alone. */
  processCores: Map<number, number>;
  /** How its queries reach the server. */
  client: string | undefined;
  /** Of a load. */
  load: LoadFacts | undefined;
  /** Of a load that several machines send together. */
  shared: SharedPasses | undefined;
  shape: TrialShape;
}

/** `done`: repetitions that an earlier process has left on disk. */
export function startTrial(planned: PlannedTrial, shape: TrialShape, done: ReadonlySet<number>): Trial {
  return {
    ...planned,
    passes: passesOf(planned, shape),
    done,
    resumed: done.size > 0,
    origin: undefined,
    effective: undefined,
    foreign: new ForeignLoad(),
    spans: [],
    failed: false,
    clientCores: undefined,
    processCores: new Map(),
    client: undefined,
    load: undefined,
    shared: undefined,
    shape,
  };
}

/** What cannot run was refused while planning. */
function passesOf({ id, workload }: PlannedTrial, shape: TrialShape): number {
  const plan = executorOf(workload).plan(workload.options, shape);
  if (plan.state === 'ok') return plan.passes;
  throw new FailureError(plan.reason, { where: id });
}
