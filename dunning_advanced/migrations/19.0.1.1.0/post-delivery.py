def migrate(cr, version):
    """Deliveries know the Message-ID under which their e-mails left."""
    cr.execute(
        """
        UPDATE dunning_delivery delivery SET email_message_id = message.message_id
          FROM mail_message message
         WHERE message.id = delivery.message_id AND delivery.mail_id IS NOT NULL
        """
    )
