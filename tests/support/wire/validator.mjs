// What one message of a server must look like, given what it answers.
//
// A context says where the message came: {revision: Revision, request?: {method, params}, may_lack_id: boolean}.
// `request` is there for responses only.
import * as tasks from './tasks.mjs';

const MODERN = '2026-07-28';
const wrong = (path, message) => [{ path, message }];
const below = (member, problems) => problems.map(({ path, message }) => ({ path: `/${member}${path}`, message }));

function declares_tasks(request) {
  const capabilities = request.params?._meta?.['io.modelcontextprotocol/clientCapabilities'];
  return capabilities?.extensions?.[tasks.EXTENSION] !== undefined;
}

/// A result of the method itself, which says that it is complete where the revision says such things.
function check_complete(revision, method, result) {
  if (revision.name === MODERN && tasks.RESULTS.has(method)) {
    return [...revision.check('Result', result), ...tasks.check(tasks.RESULTS.get(method), result),
      ...(method === 'tasks/get' ? tasks.check_parts(revision, result) : [])];
  }
  const known = revision.results.get(method);
  if (!known) return wrong('', `${revision.name} has no method ${method}; only an error can answer it`);
  return revision.check(known.result, result);
}

function check_result({ revision, request }, result) {
  const type = revision.name === MODERN ? result?.resultType : 'complete';
  if (type === 'complete') return check_complete(revision, request.method, result);
  if (type === 'input_required') {
    if (!revision.results.get(request.method)?.may_ask) {
      return wrong('/resultType', `${request.method} is not answered with questions`);
    }
    return revision.check('InputRequiredResult', result);
  }
  if (type === 'task') {
    if (request.method !== 'tools/call') return wrong('/resultType', `${request.method} does not become a task`);
    if (!declares_tasks(request)) return wrong('/resultType', 'the client does not declare the tasks extension');
    return [...revision.check('Result', result), ...tasks.check(tasks.CREATED, result)];
  }
  return wrong('/resultType', `resultType ${JSON.stringify(type)} is none of complete, input_required, task`);
}

/// `may_lack_id`: it answers nothing whose id could be read. The transport lets a refusal be "a JSON-RPC error
/// response that has no id" (2025-03-26 and 2025-06-18, basic/transports, Sending Messages), which their schemas,
/// other than those of later revisions, do not know: there such an error is checked with an id put in.
function check_error({ revision, may_lack_id }, message) {
  if (!('id' in message) && !may_lack_id) return wrong('/id', 'the error lacks the id of the request it answers');
  const whole = 'id' in message ? message : { ...message, id: 0 };
  const own = revision.error_codes.get(message.error?.code);
  return [
    ...revision.check(revision.first_of('JSONRPCErrorResponse', 'JSONRPCError'), whole),
    ...(own?.of === 'message' ? revision.check(own.definition, whole) : []),
    ...(own?.of === 'error' ? below('error', revision.check(own.definition, message.error)) : []),
  ];
}

function check_response(context, message) {
  if ('error' in message) {
    return 'result' in message ? wrong('', 'both a result and an error') : check_error(context, message);
  }
  const envelope = context.revision.first_of('JSONRPCResultResponse', 'JSONRPCResponse');
  return [...context.revision.check(envelope, message), ...below('result', check_result(context, message.result))];
}

function check_notification({ revision }, message) {
  const envelope = revision.check('JSONRPCNotification', message);
  if (revision.name === MODERN && message.method === 'notifications/tasks') {
    const parts = below('params', tasks.check_parts(revision, message.params));
    return [...envelope, ...tasks.check(tasks.NOTIFICATION, message), ...parts];
  }
  const definition = revision.notifications.get(message.method);
  if (!definition) return wrong('/method', `${revision.name} has no notification ${message.method} of a server`);
  const problems = [...envelope, ...revision.check(definition, message)];
  if (definition === 'SubscriptionsAcknowledgedNotification') {
    problems.push(...below('params/notifications', tasks.check(tasks.ACKNOWLEDGED, message.params?.notifications)));
  }
  return problems;
}

function check_request({ revision }, message) {
  const definition = revision.requests.get(message.method);
  if (!definition) return wrong('/method', `in ${revision.name} a server does not ask ${message.method}`);
  return [...revision.check('JSONRPCRequest', message), ...revision.check(definition, message)];
}

/// What `message` is, as one key of the report: "result tools/list", "error -32602", …
export function kind_of({ revision, request }, message) {
  if (message === null || typeof message !== 'object') return 'no message';
  if (typeof message.method === 'string') return `${'id' in message ? 'request' : 'notification'} ${message.method}`;
  if ('error' in message) return `error ${message.error?.code}`;
  const type = revision.name === MODERN ? message.result?.resultType : 'complete';
  return `result ${request?.method}${type === 'complete' ? '' : ` (${type})`}`;
}

/// What is wrong with a message that a server sent: [{path, message}], empty when nothing is.
export function check_message(context, message) {
  if (message === null || typeof message !== 'object' || Array.isArray(message)) {
    return wrong('', 'not a JSON-RPC message');
  }
  if ('method' in message) {
    return 'id' in message ? check_request(context, message) : check_notification(context, message);
  }
  if (!('result' in message) && !('error' in message)) return wrong('', 'neither a method nor a result nor an error');
  const is_anonymous = 'error' in message && !('id' in message); // check_error says where that may be
  if (!context.request && !is_anonymous) {
    return wrong('/id', `answers no request of this exchange: id ${JSON.stringify(message.id)}`);
  }
  return check_response(context, message);
}
