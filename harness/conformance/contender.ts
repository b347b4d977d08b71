import { InputError } from '../../common/errors.js';
import type { ConformanceFacts } from '../../engines/contract/facts.js';
import { type EngineReference, loadEngineModule } from '../../engines/open.js';
import { loadEngine, loadFacts } from '../../engines/registry.js';
import type { Contender } from './session.js';

/**
 * An engine with its facts: one of ours, or one that a module defines.
 *
 * @throws InputError if the module has no usable facts, and as `loadEngineModule`
 */
export async function loadContender({
  engine: name,
  module,
}: EngineReference): Promise<Pick<Contender, 'definition' | 'facts'>> {
  if (module === undefined) return { definition: await loadEngine(name), facts: await loadFacts(name) };
  const { engine: definition, facts } = await loadEngineModule(module);
  const missing = whyNoFacts(facts);
  if (missing === undefined) return { definition, facts: facts! };
  throw new InputError(missing, {
    where: module,
    next: 'see "What else to declare" in docs/engine-guide.md',
  });
}

const NEEDED = ['kinds', 'floor', 'wide', 'nanQuery', 'zeroQuery', 'tellsSize', 'sweeps'] as const;

function whyNoFacts(facts: ConformanceFacts | undefined): string | undefined {
  if (typeof facts !== 'object')
    return 'exports no "facts", which say what the suite is to expect of the engine';
  const lacking = NEEDED.find((name) => facts[name] === undefined);
  if (lacking !== undefined) return `facts.${lacking} is missing`;
  return Array.isArray(facts.sweeps) ? undefined : 'facts.sweeps must be a list';
}
