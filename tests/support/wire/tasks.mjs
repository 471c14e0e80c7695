// The tasks extension of 2026-07-28 (io.modelcontextprotocol/tasks) is in no published JSON schema; the zod schemas
// of its official package stand in. They say less than JSON schemas would:
//   - members that they do not know are let pass, whatever they hold
//   - createdAt and lastUpdatedAt are any text; lengths of time are any integers
// What a completed task brings is checked against CallToolResult of the revision besides, a failed one's error
// against Error, questions against InputRequests. `resultType` within a completed task's result may be missing, as
// in the examples of the specification (SEP-2663).
import * as v2 from '@modelcontextprotocol/ext-tasks/core/v2';

export const EXTENSION = v2.TASKS_EXTENSION_ID_V2;
export const RESULTS = new Map([
  ['tasks/get', 'GetTaskResultV2Schema'],
  ['tasks/update', 'UpdateTaskResultV2Schema'],
  ['tasks/cancel', 'CancelTaskResultV2Schema'],
]);
export const CREATED = 'CreateTaskResultV2Schema';
export const NOTIFICATION = 'TaskStatusNotificationV2Schema';
export const ACKNOWLEDGED = 'TaskSubscriptionAcknowledgedNotificationsV2Schema';

/// What is wrong with `value` as the extension's `schema`: [{path, message}].
export function check(schema, value) {
  const parsed = v2[schema].safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues.map(({ path, message }) => ({
    path: path.map((part) => `/${part}`).join(''),
    message: `${schema}: ${message}`,
  }));
}

/// What is wrong with the parts of `task` that the revision's own schema defines.
export function check_parts(revision, task) {
  const under = (member, definition, value) =>
    revision.check(definition, value).map(({ path, message }) => ({ path: `/${member}${path}`, message }));
  if (task?.status === 'completed') {
    return under('result', 'CallToolResult', { resultType: 'complete', ...task.result });
  }
  if (task?.status === 'failed') return under('error', 'Error', task.error);
  if (task?.status === 'input_required') return under('inputRequests', 'InputRequests', task.inputRequests);
  return [];
}
