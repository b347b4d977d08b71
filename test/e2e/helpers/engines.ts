import { compiledModule } from '../../../common/paths.js';

/** Engines of the tests, for `use:` of a suite: compiled as the rest, never packed. */
export const FAULTY: string = JSON.stringify(compiledModule('test/engines/faulty.js'));
export const DEFECTIVE: string = JSON.stringify(compiledModule('test/engines/defective.js'));
