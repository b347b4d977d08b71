import type { ParsedPlan } from './parse.js';
import type { Stage } from './stage.js';
import { captureStage } from './stages/capture.js';
import { confirmStage } from './stages/confirm.js';
import { exportStage } from './stages/export.js';
import { finishStage } from './stages/finish.js';
import { inventoryStage } from './stages/inventory.js';
import { loadStage } from './stages/load.js';
import { mapStage } from './stages/map.js';
import { observeStage } from './stages/observe.js';
import { parityStage } from './stages/parity.js';
import { rampStage } from './stages/ramp.js';
import { shadowStage } from './stages/shadow.js';
import { synchroniseStage } from './stages/synchronise.js';
import { validateStage } from './stages/validate.js';
import { verifyStage } from './stages/verify.js';

/** In the order in which they run: none begins before those above it are done. */
export const STAGES: readonly Stage[] = [
  captureStage,
  inventoryStage,
  exportStage,
  validateStage,
  mapStage,
  loadStage,
  verifyStage,
  parityStage,
  synchroniseStage,
  shadowStage,
  confirmStage,
  rampStage,
  observeStage,
  finishStage,
];

/** Those of a plan. */
export function stagesOf({ plan }: ParsedPlan): readonly Stage[] {
  return plan.cutover === undefined ? STAGES.filter(({ ofCutover }) => ofCutover !== true) : STAGES;
}
