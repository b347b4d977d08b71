import { describe } from 'vitest';
import { checkClients } from '../../harness/conformance/clients.js';
import { checkExecution } from '../../harness/conformance/execution.js';
import { request } from './servers.js';
import { api, contenderOf, contenders, mayOverlap } from './session.js';

for (const contender of contenders) {
  const { name, definition, missing, suffix, standIn } = contender;
  const mode = definition.server === undefined ? undefined : request(definition).mode;
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}: how queries run`, { concurrent }, () =>
    checkExecution(api, contenderOf(contender), mode),
  );
  // The null engine compares nothing.
  describe.skipIf(missing !== undefined || name === 'null')(`${name}${suffix}: its clients`, () =>
    checkClients(api, contenderOf(contender)),
  );
}
