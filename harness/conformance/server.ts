import { randomBytes } from 'node:crypto';
import { messageOf } from '../../common/errors.js';
import { hideSecrets, keepCredentials } from '../../common/secrets.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import {
  type LaunchedServer,
  type LaunchRequest,
  needsLaunch,
  type ServerDefinition,
} from '../../engines/contract/server.js';
import { requireClient } from '../../engines/kit/packages.js';
import type { ServerReply } from '../process/protocol.js';
import type { SupervisedServer } from '../process/supervisor.js';

const LOG_LINES = 15;
const CALL_MS = 30_000;

/** The server that an engine is checked on, started when it is first needed and again when it has ended. */
export class ChecksServer implements SupervisedServer {
  readonly #definition: ServerDefinition;
  readonly #request: LaunchRequest;
  #launched: LaunchedServer;

  private constructor(definition: ServerDefinition, request: LaunchRequest, launched: LaunchedServer) {
    this.#definition = definition;
    this.#request = request;
    this.#launched = launched;
  }

  /**
   * Undefined where nothing has to be started or reached.
   *
   * @throws FailureError with the remedy if Docker, the image, or a package is missing, or the server does not answer
   */
  static async start(
    { server }: EngineDefinition,
    request: LaunchRequest,
  ): Promise<ChecksServer | undefined> {
    for (const name of server?.packages?.[request.mode] ?? []) requireClient(name);
    if (server === undefined || !needsLaunch(request.mode)) return undefined;
    const definition = await server.load();
    await definition.prepare(request);
    const launched = await definition.launch(request);
    keepCredentials(launched.endpoint.secrets);
    return new ChecksServer(definition, request, launched);
  }

  /** End of the names of what the checks make, on a server that stays; one that is removed takes all with it. */
  readonly nameEnd: string = randomBytes(4).toString('hex');

  get endpoint(): LaunchedServer['endpoint'] {
    return this.#launched.endpoint;
  }

  get restartable(): boolean {
    return this.#launched.restart !== undefined;
  }

  get handle(): LaunchedServer['handle'] {
    return this.#launched.handle;
  }

  /** Starts another one if it has ended; what the checks made is gone with it. */
  async revive(): Promise<void> {
    const status = await this.#launched.status();
    if (status === undefined || status.state === 'running') return;
    await this.#launched.stop();
    this.#launched = await this.#definition.launch(this.#request);
  }

  async restart(how: 'stop' | 'kill'): Promise<ServerReply> {
    try {
      return { type: 'server', endpoint: await this.#launched.restart!(how) };
    } catch (error) {
      return { type: 'server', error: messageOf(error) };
    }
  }

  async endedBecause(): Promise<string> {
    const { state } = await this.#launched.ended;
    return `the server ${state === 'exited' ? 'ended' : state} while the check needed it`;
  }

  /** A process's failure with the server's last words. */
  explain(error: string): string {
    const tail = this.#launched.logTail(LOG_LINES);
    return tail.length === 0 ? error : `${error}\nlast lines of the server's log:\n${tail.join('\n')}`;
  }

  /** Hides the credentials in a text. */
  readonly redact = hideSecrets;

  /**
   * Removes what checks have left on a server that was not started here.
   * @returns why that was not possible
   */
  async clean(): Promise<string | undefined> {
    if (this.#request.mode !== 'url') return undefined;
    const { endpoint, nameEnd } = this;
    const where = `collections on ${endpoint.host}:${endpoint.port} whose names begin with vecproof and end in ${nameEnd}`;
    if (this.#definition.remove === undefined)
      return `${where} may be left: the engine has no way to remove them`;
    try {
      await this.#definition.remove(endpoint, nameEnd, AbortSignal.timeout(CALL_MS));
      return undefined;
    } catch (error) {
      return this.redact(`${where} could not be removed: ${messageOf(error)}`);
    }
  }

  stop(): Promise<void> {
    return this.#launched.stop();
  }
}
