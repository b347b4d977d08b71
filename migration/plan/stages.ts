import type { Stage } from './stage.js';
import { exportStage } from './stages/export.js';
import { inventoryStage } from './stages/inventory.js';
import { loadStage } from './stages/load.js';
import { mapStage } from './stages/map.js';
import { parityStage } from './stages/parity.js';
import { validateStage } from './stages/validate.js';
import { verifyStage } from './stages/verify.js';

/** In the order in which they run: none begins before those above it are done. */
export const STAGES: readonly Stage[] = [
  inventoryStage,
  exportStage,
  validateStage,
  mapStage,
  loadStage,
  verifyStage,
  parityStage,
];
