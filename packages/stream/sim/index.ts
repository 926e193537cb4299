export { runPlainSchedule } from "./plain-schedule.ts";
export { runSchedule, type ScheduleOptions, type ScheduleResult } from "./schedule.ts";
export type { Violation } from "./story.ts";
