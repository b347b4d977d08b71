import { join } from 'node:path';
import type { RunFolder } from '../harness/store/run-folder.js';

export function reportFile(folder: RunFolder): string {
  return join(folder.path, 'report.html');
}
