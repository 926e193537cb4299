import { createContext, useContext } from "react";
import type { ChatService } from "./chat-service.ts";

export const ServiceContext = createContext<ChatService | null>(null);

/** What the page can do. */
export function useService(): ChatService {
  const service = useContext(ServiceContext);
  if (service === null) throw new Error("used outside of the page");
  return service;
}
