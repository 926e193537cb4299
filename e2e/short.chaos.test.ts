import { answersStayWhole } from "./chaos/answers-stay-whole.ts";
import { shortCases } from "./chaos/cases.ts";

answersStayWhole(shortCases);
