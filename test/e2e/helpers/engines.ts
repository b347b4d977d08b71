import { pathToFileURL } from 'node:url';
import { compiledModule } from '../../../common/paths.js';
import type { Fault } from '../../engines/faults.js';

/** Engines of the tests, for `use:` of a suite: compiled as the rest, never packed. */
export const DEFECTIVE: string = JSON.stringify(compiledModule('test/engines/defective.js'));

/** Text of a module whose engine has the fault. */
export function faultyModule(fault: Fault): string {
  const module = JSON.stringify(pathToFileURL(compiledModule('test/engines/faulty.js')).href);
  return `import { faulty } from ${module};\nexport const engine = faulty(${JSON.stringify(fault)});\n`;
}
